/** A person in a browser and a person in Node: the same session package on both sides, different cryptography below. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeIdentityBlock, IdentityKeys, NodeProvider } from '@wotid/crypto';
import { chromium } from 'playwright-core';
import { rolldown, type OutputChunk } from 'rolldown';
import { expect, it, onTestFinished } from 'vitest';
import { chromiumFlags, chromiumPath } from './chromium.ts';
import type { PageReport } from './page.ts';
import { holderOf, issueTo, nodePeerId, pagePeerId, Talker } from './talker.ts';

const messages = 100;

/** The page's script and all that it imports, in one file for browsers. */
async function bundle(): Promise<OutputChunk> {
  await using build = await rolldown({
    input: join(import.meta.dirname, 'page.ts'),
    platform: 'browser',
    resolve: { conditionNames: ['wot:source', 'browser', 'import', 'default'] },
    // Something that is not there, such as a `node:` module, must not become an import of the page.
    onLog: (level, log) => {
      if (level !== 'debug' && level !== 'info') throw new Error(log.message);
    },
  });
  const { output } = await build.generate({ format: 'esm' });
  expect(output).toHaveLength(1);
  return output[0];
}

/** Node's side behind HTTP on the loopback interface: an issuer, a gate, and answers to messages. */
async function serve(script: string): Promise<{ readonly url: string; readonly talker: Talker }> {
  const provider = new NodeProvider();
  const issuer = IdentityKeys.generate(provider);
  const issuerBlock = encodeIdentityBlock(issuer.block('did:example:issuer'));
  const talker = new Talker({ provider, did: 'did:example:node', issuerBlock, nowMs: () => Date.now() });
  const credential = issueTo(provider, issuer, holderOf(provider, talker));
  const gate = talker.responder(credential, [nodePeerId, pagePeerId]);
  const answers: Record<string, (body: Uint8Array) => Uint8Array | Promise<Uint8Array>> = {
    '/issuer': () => issuerBlock,
    '/issue': (idFp) => issueTo(provider, issuer, { did: 'did:example:page', idFp }),
    '/gate': async (frame) => {
      const { send, terminate } = await gate.receive(frame);
      if (terminate !== undefined) throw new Error(terminate.reason);
      return send[0] ?? new Uint8Array(0);
    },
    '/message': (envelope) => talker.say(`answer to ${talker.hear(envelope)}`),
  };
  const server: Server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      const isScript = request.url === '/page.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
      return;
    }
    try {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const answer = answers[request.url ?? ''];
      if (answer === undefined) throw new Error(`nothing is at ${request.url}`);
      response.end(await answer(new Uint8Array(Buffer.concat(parts))));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, talker };
}

it('sessions, core and the portable provider bundle for browsers, without anything of Node', async () => {
  const { code, imports, dynamicImports } = await bundle();
  expect([imports, dynamicImports]).toEqual([[], []]);
  // Not toMatch: a failure would print half a megabyte.
  const has = (pattern: RegExp): boolean => pattern.test(code);
  expect(has(/from\s*["']node:|require\(|import\(\s*["']node:/)).toBe(false);
  expect([has(/NobleProvider = class|class NobleProvider/), has(/createCipheriv/)]).toEqual([true, false]);
});

it.skipIf(chromiumPath === undefined)(
  `a page in Chromium passes the gate and exchanges ${messages} messages with Node${
    chromiumPath === undefined ? ' (no Chromium found: install it, or set WOTID_CHROMIUM)' : ''
  }`,
  async () => {
    const { code } = await bundle();
    const { url, talker } = await serve(code);
    const profile = mkdtempSync(join(tmpdir(), 'wotid-chromium-'));
    const browser = await chromium.launchPersistentContext(profile, {
      executablePath: chromiumPath as string,
      headless: true,
      args: [...chromiumFlags],
    });
    onTestFinished(async () => {
      await browser.close();
      rmSync(profile, { recursive: true, force: true });
    });
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.goto(url);
    await page.waitForFunction('typeof talk === "function"');
    const report = (await page.evaluate(`talk(${messages})`)) as PageReport;

    expect(problems).toEqual([]);
    expect(report).toMatchObject({ did: 'did:example:page', peerDid: 'did:example:node', level: 3 });
    expect(report.sid).toBe(talker.session?.sid.toHex());
    // Each side has heard one message in the gate and half of the others, in order and unharmed.
    const from = (words: (at: number) => string): string[] =>
      Array.from({ length: messages / 2 }, (_, at) => words(at));
    expect(talker.heard).toEqual(['through the gate', ...from((at) => `message ${at} from the page`)]);
    expect(report.heard).toEqual(['come in', ...from((at) => `answer to message ${at} from the page`)]);
    expect(report.messageCount).toBe(messages + 2);
  },
);
