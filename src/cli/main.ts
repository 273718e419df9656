import { keepCompiledCode } from '#app/compile-cache.ts';

keepCompiledCode();
await import('./program.ts');
