/// The identity of objects.
module iota::object;

use iota::address;
use std::bcs;

public use fun id_to_address as ID.to_address;
public use fun id_to_bytes as ID.to_bytes;
public use fun uid_as_inner as UID.as_inner;
public use fun uid_to_inner as UID.to_inner;
public use fun uid_to_address as UID.to_address;
public use fun uid_to_bytes as UID.to_bytes;

/// Names an object; may be copied and says nothing about ownership.
public struct ID has copy, drop, store {
    bytes: address,
}

/// Is an object's identity: the first field of each struct with `key`, unique for ever and not to be copied.
public struct UID has store {
    id: ID,
}

/// Returns the 32 bytes.
public fun id_to_bytes(id: &ID): vector<u8> { bcs::to_bytes(&id.bytes) }

/// Returns the address.
public fun id_to_address(id: &ID): address { id.bytes }

/// Makes an ID of 32 bytes. Aborts in `iota::address` for another length.
public fun id_from_bytes(bytes: vector<u8>): ID { id_from_address(address::from_bytes(bytes)) }

/// Makes an ID of an address.
public fun id_from_address(bytes: address): ID { ID { bytes } }

/// The identity of the one `Clock`.
public(package) fun clock(): UID { UID { id: ID { bytes: @0x6 } } }

/// The identity of the one `Random`.
public(package) fun randomness_state(): UID { UID { id: ID { bytes: @0x8 } } }

/// Borrows the ID.
public fun uid_as_inner(uid: &UID): &ID { &uid.id }

/// Copies the ID.
public fun uid_to_inner(uid: &UID): ID { uid.id }

/// Returns the 32 bytes.
public fun uid_to_bytes(uid: &UID): vector<u8> { uid.id.to_bytes() }

/// Returns the address.
public fun uid_to_address(uid: &UID): address { uid.id.bytes }

/// Makes an identity for a new object.
public fun new(ctx: &mut TxContext): UID {
    UID { id: ID { bytes: ctx.fresh_object_address() } }
}

/// Ends an identity, with which the object ceases to exist.
public fun delete(id: UID) {
    let UID { id: ID { bytes } } = id;
    delete_impl(bytes)
}

/// Copies the ID of an object.
public fun id<T: key>(obj: &T): ID { borrow_uid(obj).id }

/// Borrows the ID of an object.
public fun borrow_id<T: key>(obj: &T): &ID { &borrow_uid(obj).id }

/// Returns the ID of an object as 32 bytes.
public fun id_bytes<T: key>(obj: &T): vector<u8> { borrow_uid(obj).to_bytes() }

/// Returns the ID of an object as an address.
public fun id_address<T: key>(obj: &T): address { borrow_uid(obj).to_address() }

native fun borrow_uid<T: key>(obj: &T): &UID;

/// Makes an identity whose address was derived elsewhere, as for dynamic fields.
public(package) fun new_uid_from_hash(bytes: address): UID {
    record_new_uid(bytes);
    UID { id: ID { bytes } }
}

native fun delete_impl(id: address);

native fun record_new_uid(id: address);

#[test_only]
/// Returns the ID that was created last in this context.
public fun last_created(ctx: &TxContext): ID { ID { bytes: ctx.last_created_object_id() } }
