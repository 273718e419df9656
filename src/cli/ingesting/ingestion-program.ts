/** The words of `nexus sources` and `nexus tasks`. */
import type { Command } from 'commander';
import type { CommandContext } from '../command.ts';

type Run = (name: string, work: (context: CommandContext) => Promise<number | undefined>) => Promise<void>;

const sourceCommands = () => import('../commands/sources.ts');
const taskCommands = () => import('../commands/tasks.ts');

export function addSourceCommands(program: Command, run: Run): void {
  const sources = program.command('sources').description('folders and programs that documents come from');
  sources
    .command('add <kind> [folder]')
    .description('add a source: `files FOLDER` is kept up to date, `api` and `manual` are pushed to')
    .option('-n, --name <name>', 'how it is called (default: the folder’s name)')
    .option('-c, --collection <id>', 'collection of its documents (default: the collection "default")')
    .option('--include-hidden', 'also files and folders whose names begin with a dot', false)
    .action((kind, folder, options) =>
      run('sources', async (context) => (await sourceCommands()).runSourcesAdd(context, kind, folder, options)),
    );
  sources
    .command('list')
    .description('every source with its coverage')
    .action(() => run('sources', async (context) => (await sourceCommands()).runSourcesList(context)));
  sources
    .command('show <id>')
    .description('one source')
    .action((id) => run('sources', async (context) => (await sourceCommands()).runSourcesShow(context, id)));
  sources
    .command('sync <id>')
    .description('look at a source now and wait for the end')
    .option('--full', 'look at every document again, whatever is known of it', false)
    .action((id, options) =>
      run('sources', async (context) => (await sourceCommands()).runSourcesSync(context, id, options)),
    );
  for (const step of ['pause', 'resume'] as const) {
    sources
      .command(`${step} <id>`)
      .description(
        step === 'pause'
          ? 'stop looking at a source; what it has brought waits'
          : 'look at a source again and go on with what waited',
      )
      .action((id) => run('sources', async (context) => (await sourceCommands()).runSourcesSwitch(context, id, step)));
  }
  sources
    .command('remove <id>')
    .description('remove a source with its documents and wait for the end')
    .action((id) => run('sources', async (context) => (await sourceCommands()).runSourcesRemove(context, id)));
  sources
    .command('history <id>')
    .description('the latest looks at a source')
    .action((id) => run('sources', async (context) => (await sourceCommands()).runSourcesHistory(context, id)));
  sources
    .command('errors <id>')
    .description('the documents of a source that failed, each with its reason')
    .action((id) => run('sources', async (context) => (await sourceCommands()).runSourcesErrors(context, id)));
}

export function addTaskCommands(program: Command, run: Run): void {
  const tasks = program.command('tasks').description('uploads, looks at sources and removals, running and ended');
  tasks
    .command('list')
    .description('the latest tasks')
    .option('-l, --limit <number>', 'most tasks to show, 1 to 200', '20')
    .option('--state <state>', 'only running, completed, failed or canceled ones')
    .option('--source <id>', 'only those of this source')
    .action((options) => run('tasks', async (context) => (await taskCommands()).runTasksList(context, options)));
  tasks
    .command('show <id>')
    .description('one task with what failed in it')
    .action((id) => run('tasks', async (context) => (await taskCommands()).runTasksShow(context, id)));
  tasks
    .command('follow <id>')
    .description('wait for the end of a task')
    .action((id) => run('tasks', async (context) => (await taskCommands()).runTasksFollow(context, id)));
  tasks
    .command('cancel <id>')
    .description('end a task; what it has not made searchable yet fails with that reason')
    .action((id) => run('tasks', async (context) => (await taskCommands()).runTasksCancel(context, id)));
  tasks
    .command('retry <id>')
    .description('try everything of a task again that failed, and wait for the end')
    .action((id) => run('tasks', async (context) => (await taskCommands()).runTasksRetry(context, id)));
}
