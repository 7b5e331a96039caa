/// Who owns an object. The functions without `public_` may only be called by the module that declares the type.
module iota::transfer;

#[allow(unused_const)]
/// Only an object made in this transaction, or one that is shared already, can be shared.
const ESharedNonNewObject: u64 = 0;
#[allow(unused_const)]
/// The object could not be serialised.
const EBCSSerializationFailure: u64 = 1;
#[allow(unused_const)]
/// The ticket names an object of another type.
const EReceivingObjectTypeMismatch: u64 = 2;
#[allow(unused_const)]
/// There is no such object, at that version, owned by the parent.
const EUnableToReceiveObject: u64 = 3;
#[allow(unused_const)]
/// A shared object cannot be wrapped, transferred or frozen.
const ESharedObjectOperationNotSupported: u64 = 4;

/// A ticket to an object that was transferred to another object's address. Made by the network from an argument.
public struct Receiving<phantom T: key> has drop {
    id: ID,
    version: u64,
}

/// Gives `obj` to an address, which may be that of an object.
public fun transfer<T: key>(obj: T, recipient: address) { transfer_impl(obj, recipient) }

/// As `transfer`, for types with `store`, from any module.
public fun public_transfer<T: key + store>(obj: T, recipient: address) { transfer_impl(obj, recipient) }

/// Makes `obj` readable by all and changeable by none, for ever.
public fun freeze_object<T: key>(obj: T) { freeze_object_impl(obj) }

/// As `freeze_object`, for types with `store`, from any module.
public fun public_freeze_object<T: key + store>(obj: T) { freeze_object_impl(obj) }

/// Lets anyone use `obj` in a transaction. Aborts with `ESharedNonNewObject` when it was owned before.
public fun share_object<T: key>(obj: T) { share_object_impl(obj) }

/// As `share_object`, for types with `store`, from any module.
public fun public_share_object<T: key + store>(obj: T) { share_object_impl(obj) }

/// Takes an object that was transferred to the object with identity `parent`.
/// Aborts with `EReceivingObjectTypeMismatch` or `EUnableToReceiveObject`.
public fun receive<T: key>(parent: &mut UID, to_receive: Receiving<T>): T {
    let Receiving { id, version } = to_receive;
    receive_impl(parent.to_address(), id, version)
}

/// As `receive`, for types with `store`, from any module.
public fun public_receive<T: key + store>(parent: &mut UID, to_receive: Receiving<T>): T {
    let Receiving { id, version } = to_receive;
    receive_impl(parent.to_address(), id, version)
}

/// Returns the ID that a ticket names.
public fun receiving_object_id<T: key>(receiving: &Receiving<T>): ID { receiving.id }

public(package) native fun freeze_object_impl<T: key>(obj: T);
public(package) native fun share_object_impl<T: key>(obj: T);
public(package) native fun transfer_impl<T: key>(obj: T, recipient: address);
native fun receive_impl<T: key>(parent: address, to_receive: ID, version: u64): T;

#[test_only]
/// Makes a ticket, which outside tests only the network does.
public(package) fun make_receiver<T: key>(id: ID, version: u64): Receiving<T> { Receiving { id, version } }

#[test_only]
/// Returns the ID that a ticket names.
public(package) fun receiving_id<T: key>(r: &Receiving<T>): ID { r.id }
