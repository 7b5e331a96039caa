/** Events as JSON. Source: iota-json-rpc-types, iota_event; bytes in base64 as current SDKs expect them. */
import type { LedgerEvent } from '../ledger/types.ts';
import type { JsonObject } from './json.ts';
import { moveJson, type LayoutOf } from './move-json.ts';
import { typeText } from './type-text.ts';

/** One event. Nodes give the time only in `queryEvents`. */
export function eventJson(event: LedgerEvent, layoutOf: LayoutOf, withTime: boolean): JsonObject {
  return {
    id: { txDigest: event.txDigest, eventSeq: event.eventSeq.toString() },
    packageId: event.packageId,
    transactionModule: event.transactionModule,
    sender: event.sender,
    type: typeText(event.type),
    parsedJson: moveJson({ struct: event.type }, event.contents, 'plain', layoutOf),
    bcsEncoding: 'base64',
    bcs: event.contents.toBase64(),
    ...(withTime && { timestampMs: event.timestampMs.toString() }),
  };
}
