/// Fields that are added to an object at run time, each stored as an object of its own.
module iota::dynamic_field;

/// The object already has a field of that name.
const EFieldAlreadyExists: u64 = 0;
#[allow(unused_const)]
/// The object has no field of that name.
const EFieldDoesNotExist: u64 = 1;
#[allow(unused_const)]
/// The field has a value of another type.
const EFieldTypeMismatch: u64 = 2;
#[allow(unused_const)]
/// The name could not be serialised.
const EBCSSerializationFailure: u64 = 3;
#[allow(unused_const)]
/// A shared object cannot be a field.
const ESharedObjectOperationNotSupported: u64 = 4;

/// One field. Its id is a hash of the parent, the name's type and the name.
public struct Field<Name: copy + drop + store, Value: store> has key {
    id: UID,
    name: Name,
    value: Value,
}

/// Adds a field. Aborts with `EFieldAlreadyExists` when there is one of that name.
public fun add<Name: copy + drop + store, Value: store>(object: &mut UID, name: Name, value: Value) {
    let parent = object.to_address();
    let field = hash_type_and_key(parent, name);
    assert!(!has_child_object(parent, field), EFieldAlreadyExists);
    add_child_object(parent, Field { id: object::new_uid_from_hash(field), name, value })
}

/// Borrows a value. Aborts with `EFieldDoesNotExist` or `EFieldTypeMismatch`.
public fun borrow<Name: copy + drop + store, Value: store>(object: &UID, name: Name): &Value {
    let field = hash_type_and_key(object.to_address(), name);
    &borrow_child_object<Field<Name, Value>>(object, field).value
}

/// Borrows a value for writing. Aborts with `EFieldDoesNotExist` or `EFieldTypeMismatch`.
public fun borrow_mut<Name: copy + drop + store, Value: store>(object: &mut UID, name: Name): &mut Value {
    let field = hash_type_and_key(object.to_address(), name);
    &mut borrow_child_object_mut<Field<Name, Value>>(object, field).value
}

/// Removes a field and returns its value. Aborts with `EFieldDoesNotExist` or `EFieldTypeMismatch`.
public fun remove<Name: copy + drop + store, Value: store>(object: &mut UID, name: Name): Value {
    let parent = object.to_address();
    let field = hash_type_and_key(parent, name);
    let Field { id, name: _, value } = remove_child_object<Field<Name, Value>>(parent, field);
    id.delete();
    value
}

/// True when there is a field of that name, whatever its value's type.
public fun exists_<Name: copy + drop + store>(object: &UID, name: Name): bool {
    let parent = object.to_address();
    has_child_object(parent, hash_type_and_key(parent, name))
}

/// Removes a field when there is one. Aborts with `EFieldTypeMismatch`.
public fun remove_if_exists<Name: copy + drop + store, Value: store>(
    object: &mut UID,
    name: Name,
): Option<Value> {
    if (exists_(object, name)) option::some(remove(object, name)) else option::none()
}

/// True when there is a field of that name with a value of that type.
public fun exists_with_type<Name: copy + drop + store, Value: store>(object: &UID, name: Name): bool {
    let parent = object.to_address();
    has_child_object_with_ty<Field<Name, Value>>(parent, hash_type_and_key(parent, name))
}

/// Returns the identity of a field whose value is the ID of an object, and that ID as an address.
public(package) fun field_info<Name: copy + drop + store>(object: &UID, name: Name): (&UID, address) {
    let field = hash_type_and_key(object.to_address(), name);
    let Field { id, name: _, value } = borrow_child_object<Field<Name, ID>>(object, field);
    (id, value.to_address())
}

/// As `field_info`, for writing.
public(package) fun field_info_mut<Name: copy + drop + store>(
    object: &mut UID,
    name: Name,
): (&mut UID, address) {
    let field = hash_type_and_key(object.to_address(), name);
    let Field { id, name: _, value } = borrow_child_object_mut<Field<Name, ID>>(object, field);
    (id, value.to_address())
}

public(package) native fun hash_type_and_key<K: copy + drop + store>(parent: address, k: K): address;
public(package) native fun add_child_object<Child: key>(parent: address, child: Child);
public(package) native fun borrow_child_object<Child: key>(object: &UID, id: address): &Child;
public(package) native fun borrow_child_object_mut<Child: key>(object: &mut UID, id: address): &mut Child;
public(package) native fun remove_child_object<Child: key>(parent: address, id: address): Child;
public(package) native fun has_child_object(parent: address, id: address): bool;
public(package) native fun has_child_object_with_ty<Child: key>(parent: address, id: address): bool;
