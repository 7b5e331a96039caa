/// Links, unchecked.
module iota::url;

use std::ascii::String;

/// A text that is meant to be a URL.
public struct Url has copy, drop, store {
    url: String,
}

/// Makes a link of any text.
public fun new_unsafe(url: String): Url { Url { url } }

/// Makes a link of bytes. Aborts in `std::ascii` when they are not ASCII.
public fun new_unsafe_from_bytes(bytes: vector<u8>): Url { Url { url: bytes.to_ascii_string() } }

/// Returns the text.
public fun inner_url(self: &Url): String { self.url }

/// Replaces the text.
public fun update(self: &mut Url, url: String) { self.url = url }
