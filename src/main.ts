/** The server as a container or a service manager starts it, roles from ROLES. */
import { keepCompiledCode } from '#app/compile-cache.ts';

keepCompiledCode();
const { runServer } = await import('#cli/run-server.ts');
await runServer({ inBackground: process.argv.includes('--background') });
