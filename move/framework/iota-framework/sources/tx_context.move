/// What a transaction knows of itself.
module iota::tx_context;

#[test_only]
/// A transaction hash has 32 bytes.
const EBadTxHashLength: u64 = 0;
#[test_only]
/// No object was created yet.
const ENoIDsCreated: u64 = 1;

/// Made by the network, one for each transaction; the fields are those it fills in, in this order.
public struct TxContext has drop {
    sender: address,
    tx_hash: vector<u8>,
    epoch: u64,
    epoch_timestamp_ms: u64,
    ids_created: u64,
}

/// Returns who signed the transaction.
public fun sender(self: &TxContext): address { self.sender }

/// Returns the digest of the transaction, 32 bytes.
public fun digest(self: &TxContext): &vector<u8> { &self.tx_hash }

/// Returns the number of the current epoch.
public fun epoch(self: &TxContext): u64 { self.epoch }

/// Returns when the current epoch began, in milliseconds since the Unix epoch.
public fun epoch_timestamp_ms(self: &TxContext): u64 { self.epoch_timestamp_ms }

/// Returns an address that nothing else has or will have.
public fun fresh_object_address(ctx: &mut TxContext): address {
    let fresh = derive_id(ctx.tx_hash, ctx.ids_created);
    ctx.ids_created = ctx.ids_created + 1;
    fresh
}

/// Hashes the transaction and a counter into an object id, and notes the id as created.
native fun derive_id(tx_hash: vector<u8>, ids_created: u64): address;

#[test_only]
/// Makes a context.
public fun new(
    sender: address,
    tx_hash: vector<u8>,
    epoch: u64,
    epoch_timestamp_ms: u64,
    ids_created: u64,
): TxContext {
    assert!(tx_hash.length() == 32, EBadTxHashLength);
    TxContext { sender, tx_hash, epoch, epoch_timestamp_ms, ids_created }
}

#[test_only]
/// Makes a context whose transaction hash is the little-endian number `hint`.
public fun new_from_hint(
    addr: address,
    hint: u64,
    epoch: u64,
    epoch_timestamp_ms: u64,
    ids_created: u64,
): TxContext {
    let mut tx_hash = std::bcs::to_bytes(&hint);
    while (tx_hash.length() < 32) tx_hash.push_back(0);
    new(addr, tx_hash, epoch, epoch_timestamp_ms, ids_created)
}

#[test_only]
/// Makes a context of the system address.
public fun dummy(): TxContext { new_from_hint(@0x0, 0x77_6F_74, 0, 0, 0) }

#[test_only]
/// Returns how many ids were created so far.
public fun get_ids_created(self: &TxContext): u64 { self.ids_created }

#[test_only]
/// Returns the id that was created last.
public fun last_created_object_id(self: &TxContext): address {
    assert!(self.ids_created > 0, ENoIDsCreated);
    derive_id(self.tx_hash, self.ids_created - 1)
}

#[test_only]
/// Moves to the next epoch.
public fun increment_epoch_number(self: &mut TxContext) { self.epoch = self.epoch + 1 }

#[test_only]
/// Moves the start of the epoch into the future.
public fun increment_epoch_timestamp(self: &mut TxContext, delta_ms: u64) {
    self.epoch_timestamp_ms = self.epoch_timestamp_ms + delta_ms
}
