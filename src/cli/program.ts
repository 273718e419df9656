/** The command line: one file a command, all speaking to the running server or to an app in this process. */
import { Command, CommanderError } from 'commander';
import { version } from '#app/version.ts';
import type { CommandContext } from './command.ts';
import { addSourceCommands, addTaskCommands } from './ingesting/ingestion-program.ts';
import { reportUsage } from './report-failure.ts';
import { createTerminal } from './terminal.ts';

const terminal = createTerminal(process.stdout, process.stderr);
const program = new Command('nexus');

/** Asked before the words are understood: a wrong word with `--json` is answered in JSON too. */
const wantsJson = process.argv.includes('--json');

// Before the first command, which copies both.
program
  .exitOverride()
  .showHelpAfterError('See `./nexus --help`, or put --help behind the command.')
  .configureOutput({
    // With `--json` the error is told below, as the one document.
    outputError: (text, write) => (wantsJson ? undefined : write(text)),
  });

type Work = (context: CommandContext) => Promise<number | undefined>;

/** Commands import what they need when they run, so that `--help` and a wrong word answer at once. */
async function run(name: string, work: Work): Promise<void> {
  const asJson = program.opts<{ json?: boolean }>().json === true;
  const { runCommand } = await import('./command.ts');
  process.exitCode = await runCommand({ terminal, asJson, name: `nexus ${name}` }, work);
}

program
  .description('Cited answers from your documents, on your own machine.')
  .version(version)
  .option('--json', 'print one JSON document and nothing else')
  .configureHelp({ showGlobalOptions: true })
  .addHelpText(
    'after',
    `
Exit codes: 0 done, 1 bug or something is broken, 2 wrong input, 3 not allowed, 4 not found, 5 conflict, 6 limit,
7 not available. With --json an error is {"error": {code, message, details}} on standard output.`,
  );

program
  .command('quickstart')
  .description('start the server, ingest the sample folder, ask a question')
  .action(() =>
    run('quickstart', async (context) => (await import('./commands/quickstart.ts')).runQuickstart(context)),
  );

program
  .command('start')
  .description('run the server in this terminal; tells the address when it runs already')
  .option('-d, --detach', 'run it in the background', false)
  .action((options) =>
    run('start', async (context) => (await import('./commands/start.ts')).runStart(context, options)),
  );

program
  .command('stop')
  .description('stop the server of this home; what it has accepted is finished first')
  .action(() => run('stop', async (context) => (await import('./commands/stop.ts')).runStop(context)));

program
  .command('ingest <folder>')
  .description('make the documents of a folder, or one file, searchable')
  .option('-c, --collection <id>', 'collection to put them in (default: the collection "default")')
  .option('-w, --watch', 'make the folder a source that is kept up to date from now on', false)
  .action((folder, { watch, ...options }) =>
    run('ingest', async (context) =>
      watch
        ? (await import('./commands/sources.ts')).runIngestWatch(context, folder, options)
        : (await import('./commands/ingest.ts')).runIngest(context, folder, options),
    ),
  );

addSourceCommands(program, run);
addTaskCommands(program, run);

program
  .command('search <query>')
  .description('find passages')
  .option('-l, --limit <number>', 'most passages to show, 1 to 50', '8')
  .option('-c, --collection <id>', 'only in this collection')
  .action((query, options) =>
    run('search', async (context) => (await import('./commands/search.ts')).runSearch(context, query, options)),
  );

program
  .command('ask <question>')
  .description('answer a question with citations')
  .option('--conversation <id>', 'go on with this conversation')
  .option('-c, --collection <id>', 'only from this collection')
  .action((question, options) =>
    run('ask', async (context) => (await import('./commands/ask.ts')).runAsk(context, question, options)),
  );

const evaluate = program.command('eval').description('measure quality');
evaluate
  .command('retrieval')
  .description(
    'nDCG@10, recall@100 and MRR of each leg on a folder with corpus.jsonl[.gz], queries.jsonl and qrels.tsv',
  )
  .requiredOption('--data <folder>', 'the folder')
  .option('--seed <number>', 'seed of the bootstrap', '1')
  .action((options) =>
    run('eval', async (context) => (await import('./commands/eval-retrieval.ts')).runEvalRetrieval(context, options)),
  );
evaluate
  .command('chunking')
  .description(
    'token recall, precision and IoU of the chunkers on a folder with corpora/*.md and questions_df.csv[.gz]',
  )
  .requiredOption('--data <folder>', 'the folder')
  .option('--chunker <name>', 'one chunker only (default: all)')
  .option('--tokens <number>', 'most tokens in a chunk (default: as configured)')
  .option('--overlap <number>', 'most tokens repeated (default: as configured)')
  .action((options) =>
    run('eval', async (context) => (await import('./commands/eval-chunking.ts')).runEvalChunking(context, options)),
  );

program
  .command('doctor')
  .description('look at everything an installation needs, and name the fix')
  .action(() => run('doctor', async (context) => (await import('./commands/doctor.ts')).runDoctor(context)));

program
  .command('migrate')
  .description('bring the database to the state of this release')
  .action(() => run('migrate', async (context) => (await import('./commands/migrate.ts')).runMigrate(context)));

program
  .command('config')
  .description('look at the configuration')
  .command('show')
  .description('every setting with its value and where it came from; secrets are never shown')
  .option('--redacted', 'as always; for scripts that say so', true)
  .action(() => run('config', async (context) => (await import('./commands/config-show.ts')).runConfigShow(context)));

program
  .command('models')
  .description('embedding models')
  .command('pull [name]')
  .description('fetch a model of the catalogue and check its hash (default: the configured one)')
  .option('--from <folder-or-address>', 'take the files from here instead')
  .action((name, options) =>
    run('models', async (context) => (await import('./commands/models-pull.ts')).runModelsPull(context, name, options)),
  );

// `nexus … | head` closes the pipe early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = reportUsage(error, terminal, wantsJson);
}
