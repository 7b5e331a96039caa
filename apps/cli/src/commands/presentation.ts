import type { Command } from 'commander';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts } from '../operations.ts';

const toArgument = 'a contact: your name for them, their DID, or a part of it that fits nobody else';

interface PresentationOptions extends HomeOptions {
  readonly replyTo?: string;
  readonly toUnverified?: boolean;
}

/** Credentials in conversation: `wotid credential ask|offer|present|check`. */
export function addPresentationCommands(credential: Command): void {
  const inConversation = (name: string, description: string): Command =>
    addHomeOptions(credential.command(name).description(description))
      .argument('<to>', toArgument)
      .option('--reply-to <id>', 'the message that this one answers, 32 hex digits')
      .option('--to-unverified', 'also to a contact whose credential you have not seen');
  const common = ({ replyTo, toUnverified }: PresentationOptions): Record<string, unknown> => ({
    replyTo,
    toUnverified,
  });

  inConversation('ask', 'ask a contact to show a credential')
    .option('--type <type...>', 'types that would do; default VerifiedHumanCredential')
    .option('--issuer <did...>', 'issuers that would do; default any that you trust')
    .option('--reason <text>', 'why, for them to read')
    .action(
      async (
        to: string,
        options: PresentationOptions & {
          readonly type?: readonly string[];
          readonly issuer?: readonly string[];
          readonly reason?: string;
        },
      ) => {
        const { type: types, issuer: issuers, reason } = options;
        const params = { to, types, issuers, reason, ...common(options) };
        outputOf(options).result(asFacts(await onAgent(options, 'presentation.request', params)));
      },
    );

  inConversation('offer', 'say which credential you could show').action(
    async (to: string, options: PresentationOptions) =>
      outputOf(options).result(
        asFacts(await onAgent(options, 'presentation.offer', { to, ...common(options) })),
      ),
  );

  inConversation('present', 'show your credential, signed').action(
    async (to: string, options: PresentationOptions) =>
      outputOf(options).result(
        asFacts(await onAgent(options, 'presentation.send', { to, ...common(options) })),
      ),
  );

  addHomeOptions(credential.command('check').description('check a credential that a contact has shown'))
    .argument('<message>', 'id of the message that shows it, 32 hex digits')
    .action(async (messageId: string, options: HomeOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'presentation.check', { messageId }))),
    );
}
