/** What every policy's operators decide, and the offer that comes of it: a human was verified, and how, and for how long. */
import { z } from '@hono/zod-openapi';
import type { Evidence } from '@wotid/credential';
import type { SqlRunner } from '../database/database.ts';
import { lineSchema } from '../http/text-schema.ts';
import {
  defaultCredentialLifetimeMs,
  defaultOfferLifetimeMs,
  maxCredentialLifetimeMs,
  maxEvidence,
  maxEvidenceChars,
  maxHumanChars,
} from '../issuer/limits.ts';
import type { NewOffer } from '../issuer/offers.ts';
import type { PolicyServices } from './policy.ts';

const dayMs = 86_400_000;

/** What identifies a human, as operators and applicants write it. */
export const humanSchema: z.ZodString = lineSchema(3, maxHumanChars).openapi({
  description:
    'What identifies the human, always in the same way, such as country and number of a document. Kept as a keyed hash alone.',
  example: 'NL passport SPECI2014',
});

/** An operator's decision for a human. */
export interface Decision {
  readonly human: string;
  readonly evidence: Evidence[];
  readonly validForDays?: number | undefined;
}

export const decisionSchema: z.ZodType<Decision, Decision> = z.object({
  human: humanSchema,
  evidence: z
    .array(
      z.object({
        method: lineSchema(1, maxEvidenceChars).openapi({ example: 'in-person' }),
        policy: lineSchema(1, maxEvidenceChars).openapi({ example: 'passport seen, photo compared' }),
      }),
    )
    .min(1)
    .max(maxEvidence),
  validForDays: z
    .int()
    .min(1)
    .max(maxCredentialLifetimeMs / dayMs)
    .optional()
    .openapi({ description: `Default ${defaultCredentialLifetimeMs / dayMs}` }),
});

/** A new offer as its operator sees it, this once. */
export interface OfferAnswer {
  readonly id: string;
  readonly offer: string;
  readonly txCode: string;
  readonly expiresAtMs: number;
}

export const offerAnswerSchema: z.ZodType<OfferAnswer> = z.object({
  id: z.string(),
  offer: z.string().openapi({ description: 'Link for the wallet' }),
  txCode: z.string(),
  expiresAtMs: z.number(),
});

/** Makes the offer of a decision, in the transaction that notes it. */
export function offerOf(
  { offers, secret }: PolicyServices,
  sql: SqlRunner,
  policy: string,
  { human, evidence, validForDays }: Decision,
): Promise<NewOffer> {
  return offers.create(sql, {
    policy,
    humanHash: secret.humanHash(human),
    evidence,
    validForMs: validForDays === undefined ? defaultCredentialLifetimeMs : validForDays * dayMs,
    lifetimeMs: defaultOfferLifetimeMs,
  });
}

/** What is answered once the offer is stored. */
export function answerOf({ metrics, offerLink }: PolicyServices, offer: NewOffer): OfferAnswer {
  metrics.events.inc({ event: 'offer_made' });
  return { ...offer, offer: offerLink(offer.id) };
}
