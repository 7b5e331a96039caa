/// A value whose type may change from one version to the next.
module iota::versioned;

use iota::dynamic_field as field;

/// The version is not larger, or the cap belongs to another object or version.
const EInvalidUpgrade: u64 = 0;

/// Holds the value in a field named by its version.
public struct Versioned has key, store {
    id: UID,
    version: u64,
}

/// Makes who takes the value out put another in.
public struct VersionChangeCap {
    versioned_id: ID,
    old_version: u64,
}

/// Makes a `Versioned`.
public fun create<T: store>(init_version: u64, init_value: T, ctx: &mut TxContext): Versioned {
    let mut self = Versioned { id: object::new(ctx), version: init_version };
    field::add(&mut self.id, init_version, init_value);
    self
}

/// Returns the version.
public fun version(self: &Versioned): u64 { self.version }

/// Borrows the value. Aborts in `iota::dynamic_field` when it is of another type.
public fun load_value<T: store>(self: &Versioned): &T { field::borrow(&self.id, self.version) }

/// Borrows the value for writing. Aborts in `iota::dynamic_field` when it is of another type.
public fun load_value_mut<T: store>(self: &mut Versioned): &mut T { field::borrow_mut(&mut self.id, self.version) }

/// Takes the value out, to be replaced.
public fun remove_value_for_upgrade<T: store>(self: &mut Versioned): (T, VersionChangeCap) {
    (
        field::remove(&mut self.id, self.version),
        VersionChangeCap { versioned_id: object::id(self), old_version: self.version },
    )
}

/// Puts the value of a larger version in. Aborts with `EInvalidUpgrade`.
public fun upgrade<T: store>(self: &mut Versioned, new_version: u64, new_value: T, cap: VersionChangeCap) {
    let VersionChangeCap { versioned_id, old_version } = cap;
    assert!(versioned_id == object::id(self) && old_version < new_version, EInvalidUpgrade);
    field::add(&mut self.id, new_version, new_value);
    self.version = new_version
}

/// Unpacks into the value.
public fun destroy<T: store>(self: Versioned): T {
    let Versioned { mut id, version } = self;
    let value = field::remove(&mut id, version);
    id.delete();
    value
}
