import { WotError } from '@wotid/core';

/** What can go wrong in an agent's own doing; parts below have errors of their own. */
export type AgentErrorCode =
  | 'BAD_ADDRESS'
  | 'BAD_ALIAS'
  | 'BAD_AMOUNT'
  | 'BAD_CARD'
  | 'BAD_CREDENTIAL'
  | 'BAD_NETWORK'
  | 'BAD_REQUEST'
  | 'CLOSED'
  | 'FAUCET_FAILED'
  | 'FIXED_DID'
  | 'GATE_FAILED'
  | 'GATE_REFUSED'
  | 'INSUFFICIENT_FUNDS'
  | 'NOTHING_NEW'
  | 'NOT_DELIVERED'
  | 'NO_CONTACT'
  | 'NO_CREDENTIAL'
  | 'NO_DID'
  | 'NO_FAUCET'
  | 'NO_MAILBOX'
  | 'NO_PREKEYS'
  | 'NO_ROUTE'
  | 'NO_SESSION'
  | 'OUTBOX_FULL'
  | 'PAYLOAD_TOO_LARGE'
  | 'PREKEYS_REFUSED'
  | 'RPC_FAILED'
  | 'UNVERIFIED_PEER'
  | 'WRONG_CHAIN';

export class AgentError extends WotError<AgentErrorCode> {}
