/** The web page: files of a build, cached for ever where their name holds a hash, and one page for the client's routes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Addresses that the page itself routes; all of them get `index.html`. */
const pagePaths = ['/', '/documents', '/documents/*', '/conversations/*'];
const hashedName = /-[\w-]{8,}\.[a-z0-9]+$/;

const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Nexus</title>
<h1>The web page is not built</h1>
<p>Nexus is running, and its interface answers under <a href="/openapi.json">/api/v1</a>.</p>
<p>Run <code>npm run build</code> in the project folder, then start Nexus again.</p>
</html>
`;

const markAsPage = async (request: FastifyRequest) => {
  request.inFlight.route = 'page';
};

function serveNotBuilt(app: FastifyInstance): void {
  for (const url of pagePaths) {
    app.get(url, { onRequest: markAsPage }, (_request, reply) =>
      reply.code(503).header('cache-control', 'no-store').type('text/html; charset=utf-8').send(notBuilt),
    );
  }
}

/** Serves the files that are in `directory` now; without an index.html there, a page that says how to build it. */
export async function registerStaticPage(app: FastifyInstance, directory: string): Promise<void> {
  if (!existsSync(join(directory, 'index.html'))) {
    serveNotBuilt(app);
    return;
  }
  await app.register(async (page) => {
    page.addHook('onRequest', markAsPage);
    await page.register(fastifyStatic, {
      root: directory,
      wildcard: false,
      index: false,
      dotfiles: 'ignore',
      globIgnore: ['**/*.map', 'index.html'],
      cacheControl: false,
      setHeaders(reply, path) {
        const forever = hashedName.test(path);
        reply.header('cache-control', forever ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
    for (const url of pagePaths) page.get(url, (_request, reply) => reply.sendFile('index.html'));
  });
}
