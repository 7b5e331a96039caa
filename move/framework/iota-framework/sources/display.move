/// Templates by which wallets show the objects of a type.
module iota::display;

use iota::event;
use iota::package::Publisher;
use iota::vec_map::{Self, VecMap};
use std::string::String;

/// The publisher is not that of the type.
const ENotOwner: u64 = 0;
/// There are not as many values as names.
const EVecLengthMismatch: u64 = 1;

/// The templates of type `T`; they hold once `update_version` has announced them.
public struct Display<phantom T: key> has key, store {
    id: UID,
    fields: VecMap<String, String>,
    version: u16,
}

/// A `Display` was made.
public struct DisplayCreated<phantom T: key> has copy, drop {
    id: ID,
}

/// A `Display` announced its templates.
public struct VersionUpdated<phantom T: key> has copy, drop {
    id: ID,
    version: u16,
    fields: VecMap<String, String>,
}

/// Makes an empty `Display`. Aborts with `ENotOwner`. Emits `DisplayCreated`.
public fun new<T: key>(pub: &Publisher, ctx: &mut TxContext): Display<T> {
    assert!(is_authorized<T>(pub), ENotOwner);
    let id = object::new(ctx);
    event::emit(DisplayCreated<T> { id: id.to_inner() });
    Display { id, fields: vec_map::empty(), version: 0 }
}

/// Makes a `Display` with templates. Aborts with `ENotOwner` or `EVecLengthMismatch`. Emits `DisplayCreated`.
public fun new_with_fields<T: key>(
    pub: &Publisher,
    fields: vector<String>,
    values: vector<String>,
    ctx: &mut TxContext,
): Display<T> {
    let mut display = new<T>(pub, ctx);
    display.add_multiple(fields, values);
    display
}

#[allow(lint(self_transfer))]
/// As `new`, giving the `Display` to the sender.
public entry fun create_and_keep<T: key>(pub: &Publisher, ctx: &mut TxContext) {
    transfer::public_transfer(new<T>(pub, ctx), ctx.sender())
}

/// Announces the templates under the next version. Emits `VersionUpdated`.
public entry fun update_version<T: key>(display: &mut Display<T>) {
    display.version = display.version + 1;
    event::emit(VersionUpdated<T> {
        id: display.id.to_inner(),
        version: display.version,
        fields: display.fields,
    })
}

/// Adds a template.
public entry fun add<T: key>(self: &mut Display<T>, name: String, value: String) { self.fields.insert(name, value) }

/// Adds templates. Aborts with `EVecLengthMismatch`.
public entry fun add_multiple<T: key>(self: &mut Display<T>, fields: vector<String>, values: vector<String>) {
    assert!(fields.length() == values.length(), EVecLengthMismatch);
    fields.zip_do!(values, |name, value| self.fields.insert(name, value))
}

/// Replaces a template.
public entry fun edit<T: key>(self: &mut Display<T>, name: String, value: String) {
    self.fields.remove(&name);
    self.fields.insert(name, value)
}

/// Removes a template.
public entry fun remove<T: key>(self: &mut Display<T>, name: String) { self.fields.remove(&name); }

/// True when the publisher is that of type `T`.
public fun is_authorized<T: key>(pub: &Publisher): bool { pub.from_package<T>() }

/// Returns the version that was announced last.
public fun version<T: key>(d: &Display<T>): u16 { d.version }

/// Borrows the templates.
public fun fields<T: key>(d: &Display<T>): &VecMap<String, String> { &d.fields }
