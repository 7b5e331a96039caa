/// Who published a package, and how it may be upgraded.
module iota::package;

use iota::types;
use std::ascii::String;
use std::type_name;

public use fun burn_publisher as Publisher.burn;
public use fun published_module as Publisher.module_;
public use fun published_package as Publisher.package;
public use fun upgrade_package as UpgradeCap.package;
public use fun upgrade_policy as UpgradeCap.policy;
public use fun authorize_upgrade as UpgradeCap.authorize;
public use fun commit_upgrade as UpgradeCap.commit;
public use fun ticket_package as UpgradeTicket.package;
public use fun ticket_policy as UpgradeTicket.policy;
public use fun ticket_digest as UpgradeTicket.digest;
public use fun receipt_cap as UpgradeReceipt.cap;
public use fun receipt_package as UpgradeReceipt.package;

/// The type is not a one-time witness.
const ENotOneTimeWitness: u64 = 0;
/// The policy allows more than the cap's.
const ETooPermissive: u64 = 1;
/// An upgrade is under way.
const EAlreadyAuthorized: u64 = 2;
/// No upgrade is under way.
const ENotAuthorized: u64 = 3;
/// The receipt belongs to another cap.
const EWrongUpgradeCap: u64 = 4;

/// Upgrades that keep public signatures and layouts.
const COMPATIBLE: u8 = 0;
/// Upgrades that only add.
const ADDITIVE: u8 = 128;
/// Upgrades that only change dependencies.
const DEP_ONLY: u8 = 192;

/// Proves that its holder published a module.
public struct Publisher has key, store {
    id: UID,
    package: String,
    module_name: String,
}

/// Lets its holder upgrade a package. While an upgrade is under way, `package` is zero.
public struct UpgradeCap has key, store {
    id: UID,
    package: ID,
    version: u64,
    policy: u8,
}

/// Permission for one upgrade, which must be used in the same transaction.
public struct UpgradeTicket {
    cap: ID,
    package: ID,
    policy: u8,
    digest: vector<u8>,
}

/// What an upgrade leaves, and the cap must take.
public struct UpgradeReceipt {
    cap: ID,
    package: ID,
}

/// Exchanges a module's one-time witness for a `Publisher`. Aborts with `ENotOneTimeWitness`.
public fun claim<OTW: drop>(otw: OTW, ctx: &mut TxContext): Publisher {
    assert!(types::is_one_time_witness(&otw), ENotOneTimeWitness);
    publisher_of<OTW>(ctx)
}

#[allow(lint(self_transfer))]
/// As `claim`, giving the `Publisher` to the sender.
public fun claim_and_keep<OTW: drop>(otw: OTW, ctx: &mut TxContext) {
    transfer::public_transfer(claim(otw, ctx), ctx.sender())
}

/// Destroys a `Publisher`.
public fun burn_publisher(self: Publisher) {
    let Publisher { id, package: _, module_name: _ } = self;
    id.delete()
}

/// True when `T` is declared in the publisher's package.
public fun from_package<T>(self: &Publisher): bool {
    type_name::get_with_original_ids<T>().get_address() == self.package
}

/// True when `T` is declared in the publisher's module.
public fun from_module<T>(self: &Publisher): bool {
    let name = type_name::get_with_original_ids<T>();
    name.get_address() == self.package && name.get_module() == self.module_name
}

/// Borrows the module's name.
public fun published_module(self: &Publisher): &String { &self.module_name }

/// Borrows the package's address, 64 hexadecimal digits.
public fun published_package(self: &Publisher): &String { &self.package }

/// Returns the ID of the package's newest version.
public fun upgrade_package(cap: &UpgradeCap): ID { cap.package }

/// Returns the number of the package's newest version.
public fun version(cap: &UpgradeCap): u64 { cap.version }

/// Returns the most permissive kind of upgrade that is allowed.
public fun upgrade_policy(cap: &UpgradeCap): u8 { cap.policy }

/// Returns the package that a ticket is for.
public fun ticket_package(ticket: &UpgradeTicket): ID { ticket.package }

/// Returns the kind of upgrade that a ticket is for.
public fun ticket_policy(ticket: &UpgradeTicket): u8 { ticket.policy }

/// Returns the cap that a receipt belongs to.
public fun receipt_cap(receipt: &UpgradeReceipt): ID { receipt.cap }

/// Returns the ID of the version that an upgrade made.
public fun receipt_package(receipt: &UpgradeReceipt): ID { receipt.package }

/// Returns the digest of the modules that a ticket is for.
public fun ticket_digest(ticket: &UpgradeTicket): &vector<u8> { &ticket.digest }

/// Returns the policy of compatible upgrades.
public fun compatible_policy(): u8 { COMPATIBLE }

/// Returns the policy of upgrades that only add.
public fun additive_policy(): u8 { ADDITIVE }

/// Returns the policy of upgrades that only change dependencies.
public fun dep_only_policy(): u8 { DEP_ONLY }

/// Allows only additions from now on. Aborts with `ETooPermissive` when less is allowed.
public entry fun only_additive_upgrades(cap: &mut UpgradeCap) { cap.restrict(ADDITIVE) }

/// Allows only changes of dependencies from now on. Aborts with `ETooPermissive` when less is allowed.
public entry fun only_dep_upgrades(cap: &mut UpgradeCap) { cap.restrict(DEP_ONLY) }

/// Destroys the cap, so that nobody can ever upgrade the package.
public entry fun make_immutable(cap: UpgradeCap) {
    let UpgradeCap { id, package: _, version: _, policy: _ } = cap;
    id.delete()
}

/// Begins an upgrade to modules with this digest.
/// Aborts with `EAlreadyAuthorized` when one is under way, `ETooPermissive` when the cap does not allow the policy.
public fun authorize_upgrade(cap: &mut UpgradeCap, policy: u8, digest: vector<u8>): UpgradeTicket {
    assert!(cap.package.to_address() != @0x0, EAlreadyAuthorized);
    assert!(policy >= cap.policy, ETooPermissive);
    let package = cap.package;
    cap.package = @0x0.to_id();
    UpgradeTicket { cap: object::id(cap), package, policy, digest }
}

/// Ends an upgrade.
/// Aborts with `EWrongUpgradeCap` for the receipt of another cap, `ENotAuthorized` when none is under way.
public fun commit_upgrade(cap: &mut UpgradeCap, receipt: UpgradeReceipt) {
    let UpgradeReceipt { cap: of, package } = receipt;
    assert!(object::id(cap) == of, EWrongUpgradeCap);
    assert!(cap.package.to_address() == @0x0, ENotAuthorized);
    cap.package = package;
    cap.version = cap.version + 1
}

fun restrict(cap: &mut UpgradeCap, policy: u8) {
    assert!(cap.policy <= policy, ETooPermissive);
    cap.policy = policy
}

fun publisher_of<OTW>(ctx: &mut TxContext): Publisher {
    let name = type_name::get_with_original_ids<OTW>();
    Publisher { id: object::new(ctx), package: name.get_address(), module_name: name.get_module() }
}

#[test_only]
/// As `claim`, for any type.
public fun test_claim<OTW: drop>(_: OTW, ctx: &mut TxContext): Publisher { publisher_of<OTW>(ctx) }

#[test_only]
/// Makes the cap of a package as if it had just been published.
public fun test_publish(package: ID, ctx: &mut TxContext): UpgradeCap {
    UpgradeCap { id: object::new(ctx), package, version: 1, policy: COMPATIBLE }
}

#[test_only]
/// Makes the receipt of an upgrade without modules.
public fun test_upgrade(ticket: UpgradeTicket): UpgradeReceipt {
    let UpgradeTicket { cap, package, policy: _, digest: _ } = ticket;
    let made = iota::hash::blake2b256(&package.to_bytes());
    UpgradeReceipt { cap, package: object::id_from_bytes(made) }
}
