/**
 * Display: which types have a template. A template is announced by the event `0x2::display::VersionUpdated<T>`; the
 * index reads the log once and then only what is new.
 */
import type { LedgerObject, LedgerReader, TypeTag } from '../ledger/types.ts';
import type { JsonObject } from './json.ts';
import { canonicalTypeText, isDatatype } from './type-text.ts';

/** Types with a Display template, by canonical text. */
export class DisplayIndex {
  readonly #ledger: LedgerReader;
  readonly #types = new Set<string>();
  #read = 0n;

  constructor(ledger: LedgerReader) {
    this.#ledger = ledger;
  }

  has(type: TypeTag): boolean {
    for (; this.#read < this.#ledger.transactionCount; this.#read++) {
      for (const event of this.#ledger.getTransactionAt(this.#read)?.events ?? []) {
        const [shown] = event.type.typeParams;
        if (shown !== undefined && isDatatype(event.type, '0x2', 'display', 'VersionUpdated')) {
          this.#types.add(canonicalTypeText(shown));
        }
      }
    }
    return this.#types.has(canonicalTypeText(type));
  }
}

/** `display` of an object: null data where the type has no template, an error where rendering one would be needed. */
export function displayJson(object: LedgerObject, displays: DisplayIndex): JsonObject {
  if (object.kind === 'move' && displays.has({ struct: object.type })) {
    return {
      data: null,
      error: { code: 'display', error: 'the embedded network does not render Display templates' },
    };
  }
  return { data: null, error: null };
}
