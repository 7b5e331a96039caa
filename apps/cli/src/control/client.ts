import { request } from 'node:http';
import { WotError } from '@wotid/core';

/** Bound of an answer: a page of the inbox with its texts. */
const maxAnswerBytes = 16 * 1_048_576;

interface Answer {
  readonly result?: unknown;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
}

/**
 * Asks the agent behind `socketPath` to run an operation.
 * @returns `undefined` when no agent answers there
 * @throws WotError what the operation threw, or `AGENT_GONE` when the agent died while it worked
 */
export function callAgent(
  socketPath: string,
  name: string,
  params: unknown,
  signal?: AbortSignal,
): Promise<{ readonly result: unknown } | undefined> {
  return new Promise((resolve, reject) => {
    let connected = false;
    const outgoing = request(
      {
        socketPath,
        path: `/v1/operations/${encodeURIComponent(name)}`,
        method: 'POST',
        // A pooled connection may lead to an agent that has ended since.
        agent: false,
        headers: { 'content-type': 'application/json', host: 'agent' },
        ...(signal === undefined ? {} : { signal }),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxAnswerBytes) incoming.destroy(new Error('the answer is too large'));
          else chunks.push(chunk);
        });
        incoming.on('error', (error) => reject(gone(error)));
        incoming.on('end', () => {
          try {
            const answer = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Answer;
            if (answer.error === undefined) resolve({ result: answer.result });
            else {
              const { code, message, hint, data } = answer.error;
              reject(new WotError(code, message, { hint, data }));
            }
          } catch (error) {
            reject(gone(error));
          }
        });
      },
    );
    outgoing.on('socket', (socket) => socket.once('connect', () => (connected = true)));
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const nobody = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      if (!connected && nobody) resolve(undefined);
      else reject(gone(error));
    });
    outgoing.end(JSON.stringify(params ?? {}));
  });
}

function gone(cause: unknown): WotError {
  return new WotError('AGENT_GONE', 'the running agent stopped answering', {
    hint: 'Look at its log, start it again and repeat the command: what it had accepted is on disk.',
    cause,
  });
}
