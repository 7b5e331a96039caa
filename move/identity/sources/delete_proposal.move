/// The proposal to delete an identity.
module identity::delete_proposal;

public struct Delete has copy, drop, store {}

public(package) fun new(): Delete { Delete {} }
