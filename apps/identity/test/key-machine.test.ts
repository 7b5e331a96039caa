/** An issuer whose private keys are in another process, as in a KMS or an HSM: the service has its public keys alone. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createIssuer,
  credentialFormats,
  encodeEnvelope,
  issuerDocument,
  parseGeneralJws,
  policyOfLevel,
  Resolver,
  verifyCredential,
  verifyStatusList,
  type CredentialSigner,
  type JsonObject,
  type SignerKey,
} from '@wotid/credential';
import { identityFingerprint } from '@wotid/crypto';
import { configurationsOf } from '../src/issuer/configurations.ts';
import {
  ask,
  call,
  createWorld,
  invite,
  makeSigner,
  nonceOf,
  provider,
  publicUrl,
  secret,
  tokenFor,
  Wallet,
  type World,
} from './world.ts';

const did = 'did:web:id.example';
const other = makeSigner('other');

/** A signer in front of the machine: what an operator writes for theirs. */
class MachineSigner implements CredentialSigner {
  readonly did = did;
  readonly keys: readonly SignerKey[];
  readonly machine: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<Uint8Array>>();
  #asked = 0;

  private constructor(machine: ChildProcess, keys: readonly SignerKey[]) {
    this.machine = machine;
    this.keys = keys;
    machine.once('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the key machine is gone'));
    });
  }

  static async start(): Promise<MachineSigner> {
    const script = fileURLToPath(new URL('key-machine-process.ts', import.meta.url));
    const machine = spawn(process.execPath, ['--conditions=wot:source', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: machine.stdout });
    const [first] = (await once(lines, 'line')) as [string];
    const publicKeys = JSON.parse(first) as Record<SignerKey['alg'], string>;
    const keyOf = (alg: SignerKey['alg'], fragment: string): SignerKey => ({
      alg,
      kid: `${did}#${fragment}`,
      publicKey: Uint8Array.fromBase64(publicKeys[alg]),
    });
    const signer = new MachineSigner(machine, [keyOf('EdDSA', 'hsm-1'), keyOf('ML-DSA-87', 'hsm-2')]);
    lines.on('line', (line) => {
      const { id, signature } = JSON.parse(line) as { id: number; signature: string };
      signer.#waiting.get(id)?.resolve(Uint8Array.fromBase64(signature));
      signer.#waiting.delete(id);
    });
    return signer;
  }

  sign({ alg }: SignerKey, bytes: Uint8Array): Promise<Uint8Array> {
    const id = ++this.#asked;
    const waiting = Promise.withResolvers<Uint8Array>();
    this.#waiting.set(id, waiting);
    const request = JSON.stringify({ id, alg, bytes: bytes.toBase64() });
    this.machine.stdin?.write(`${request}\n`, (error) => {
      if (error != null) waiting.reject(error);
    });
    return waiting.promise;
  }

  async stop(): Promise<void> {
    if (this.machine.exitCode !== null || this.machine.signalCode !== null) return;
    const gone = once(this.machine, 'close');
    this.machine.kill();
    await gone;
  }
}

describe('keys in another process', () => {
  let signer: MachineSigner;
  let world: World;
  beforeAll(async () => {
    signer = await MachineSigner.start();
    signer.machine.stdin?.on('error', () => {});
    world = await createWorld(undefined, {}, async () => ({ signer, secret }));
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await signer.stop();
  });

  const request = async (token: string, wallet: Wallet, configuration: string): ReturnType<typeof ask> =>
    ask(world.service, token, wallet.proof(await nonceOf(world.service), world.clock.nowMs()), configuration);

  it('issue each format and sign the status list, and all of it verifies', async () => {
    const pinned = createIssuer({ provider, signer, statusOrigin: publicUrl }).trustedIssuer;
    const { body: document } = await call(world.service, 'GET', '/.well-known/did.json');
    expect(document).toEqual(JSON.parse(JSON.stringify(issuerDocument(signer))));
    const resolver = new Resolver({
      web: async () => ({ didDocument: document, didDocumentMetadata: {}, didResolutionMetadata: {} }),
    });
    const wallet = new Wallet();
    const token = await tokenFor(world.service, await invite(world, 'somebody'));
    const ids = [...configurationsOf(signer).keys()];
    expect(ids).toHaveLength(credentialFormats.length);
    const answers = await Promise.all(ids.map((id) => request(token, wallet, id)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    for (const [at, { body }] of answers.entries()) {
      const [{ credential }] = (body as { credentials: [{ credential: string | JsonObject }] }).credentials;
      const isText = typeof credential === 'string';
      const verdict = await verifyCredential(
        isText ? Buffer.from(credential) : encodeEnvelope(parseGeneralJws(credential)),
        {
          provider,
          resolver,
          trustedIssuers: [pinned],
          expectedSubject: wallet.did,
          idFp: identityFingerprint(provider, wallet.block),
          policy: policyOfLevel[isText ? 1 : 3],
          nowMs: world.clock.nowMs(),
          status: {
            isRevoked: async ({ statusListCredential: url, statusListIndex }, issuer) => {
              const list = await world.service.app.request(new URL(url).pathname, {
                headers: { accept: 'application/jose+json' },
              });
              const { bits } = await verifyStatusList(provider, await list.text(), url, issuer);
              return bits.get(statusListIndex);
            },
          },
        },
      );
      expect([credentialFormats[at], verdict]).toMatchObject([credentialFormats[at], { ok: true }]);
    }
  });

  it('are compared with their public keys at the start: others than the signer says never issue', async () => {
    const [eddsa, mlDsa87] = signer.keys as readonly [SignerKey, SignerKey];
    for (const swapped of [
      [{ ...eddsa, publicKey: other.keys[0]?.publicKey as Uint8Array }, mlDsa87],
      [eddsa, { ...mlDsa87, publicKey: other.keys[1]?.publicKey as Uint8Array }],
    ]) {
      const wrong = { did, keys: swapped, sign: signer.sign.bind(signer) };
      const started = world.again({ issuer: { signer: wrong, secret } });
      await expect(started).rejects.toMatchObject({
        code: 'NO_SIGNING_KEY',
        message: expect.stringContaining('another one than it says') as string,
      });
    }
  });

  it('that go away issue nothing: the wallet is told to try again', async () => {
    const wallet = new Wallet();
    const token = await tokenFor(world.service, await invite(world, 'somebody later'));
    await signer.stop();
    const answer = await request(token, wallet, 'verified_human_hybrid');
    expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(
      await world.database.query('SELECT 1 FROM credential WHERE subject_did = $1', [wallet.did]),
    ).toEqual([]);
  });
});
