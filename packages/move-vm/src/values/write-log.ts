import { ByteRef, ByteVector, ElementRef, ElementVector, type Value } from './value.ts';

/** Places that are remembered; a program that writes to more of them is answered as if it had written to all. */
const maxPlaces = 65_536;

/**
 * Remembers what was written through references, also with the value that was there: to the chain, that is a change.
 * It starts when the host first needs it, because most transactions do not.
 */
export class WriteLog {
  isOn = false;
  readonly #places: Set<object> = new Set();
  #isFull = false;

  start(): void {
    this.isOn = true;
  }

  /** @param place a reference that is written to, or a vector that changes its elements */
  record(place: Value): void {
    if (this.#places.size >= maxPlaces) this.#isFull = true;
    else if (place instanceof ElementRef) this.#places.add(place.items);
    else if (place instanceof ByteRef) this.#places.add(place.vector);
    else if (typeof place === 'object') this.#places.add(place);
  }

  /**
   * True when the value or a part of it was written to since {@link start}. What was moved into it counts only because
   * moving it in was a write.
   */
  touches(value: Value): boolean {
    if (this.#isFull) return true;
    if (typeof value !== 'object' || value instanceof ElementRef || value instanceof ByteRef) return false;
    if (this.#places.has(value)) return true;
    if (value instanceof ByteVector) return false;
    const parts = value instanceof ElementVector ? value.items : value.fields;
    if (this.#places.has(parts)) return true;
    // Elements of a primitive type have no parts.
    return (
      !(value instanceof ElementVector && value.elementBytes > 0) && parts.some((part) => this.touches(part))
    );
  }
}
