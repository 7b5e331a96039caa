/** Reads single claims out of parsed JSON: bounded, of the right kind, and named in the refusal when they are not. */
import { utf8 } from '@wotid/core';
import { isDid } from './did.ts';
import { isJsonObject, type Json, type JsonObject } from './strict-json.ts';
import { badCredential } from './wire.ts';

/** NumericDate bound: above it a date is surely in milliseconds; the year 5138. */
const maxNumericDate = 100_000_000_000;
/** A sentence or a URL. */
const maxTextBytes = 1_024;
/** Contexts and types: two are usual. */
const maxTexts = 16;

/** XMLSchema dateTime with a time zone, whole seconds (VC Data Model 2.0, section 4.9), as far as we write it. */
const dateTimePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** @throws CredentialError `BAD_CREDENTIAL` */
export function objectOf(value: Json | undefined, name: string): JsonObject {
  if (!isJsonObject(value)) throw badCredential(`${name} is not an object`);
  return value;
}

/** A text of 1 to 1024 bytes. @throws CredentialError `BAD_CREDENTIAL` */
export function textOf(value: Json | undefined, name: string): string {
  if (typeof value !== 'string' || value === '') throw badCredential(`${name} is not a text`);
  if (utf8(value).length > maxTextBytes) throw badCredential(`${name} is longer than ${maxTextBytes} bytes`);
  return value;
}

/** @throws CredentialError `BAD_CREDENTIAL` */
export function didOf(value: Json | undefined, name: string): string {
  if (typeof value !== 'string' || !isDid(value)) throw badCredential(`${name} is not a DID`);
  return value;
}

/** An array of at most 16 texts. @throws CredentialError `BAD_CREDENTIAL` */
export function textsOf(value: Json | undefined, name: string): readonly string[] {
  if (!Array.isArray(value)) throw badCredential(`${name} is not an array`);
  if (value.length > maxTexts) throw badCredential(`${name} has more than ${maxTexts} entries`);
  return value.map((item: Json) => textOf(item, name));
}

/** Whole seconds since the Unix epoch (RFC 7519, NumericDate). @throws CredentialError `BAD_CREDENTIAL` */
export function dateOf(value: Json | undefined, name: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value <= 0 || value >= maxNumericDate) {
    throw badCredential(`${name} is not a time in whole seconds since 1970`);
  }
  return value;
}

/** Seconds since the Unix epoch of a dateTime, rounded down. @throws CredentialError `BAD_CREDENTIAL` */
export function dateTimeOf(value: Json | undefined, name: string): number {
  const ms = typeof value === 'string' && dateTimePattern.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw badCredential(`${name} is not a date and time with a time zone`);
  return dateOf(Math.floor(ms / 1_000), name);
}

/** Text of a dateTime, UTC, whole seconds. */
export function dateTimeText(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z');
}
