package pebble

import "github.com/teahouse-im/teahouse/ledger"

// FillVolumes makes volumes full after so many bytes.
func (s *Store) FillVolumes(bytes int64) { s.full = bytes }

// Metrics tells what the engine did.
func (s *Store) Metrics() string { return s.db.Metrics().String() }

// Flush sorts what is in memory into files.
func (s *Store) Flush() error { return s.db.Flush() }

// RecentBytes tells what the recent entries take, by counting and as is believed, whichever is more, and may take.
func (s *Store) RecentBytes() (kept, most int) {
	for i := range s.tips {
		sh := &s.tips[i]
		sh.mu.Lock()
		counted := 0
		for _, t := range sh.tips {
			counted += sizeOf(t.recent.rows)
		}
		kept += max(counted, sh.bytes)
		sh.mu.Unlock()
	}
	return kept, recentBytes
}

// BlockReads tells how many blocks of files were read, from memory or not.
func (s *Store) BlockReads() int64 {
	m := s.db.Metrics().BlockCache
	return m.Hits + m.Misses
}

// ForgetAll forgets of streams what is in memory, where nobody is at it.
func (s *Store) ForgetAll() {
	for i := range s.tips {
		sh := &s.tips[i]
		sh.mu.Lock()
		for st, t := range sh.tips {
			if t.users == 0 {
				sh.bytes -= t.recent.bytes
				delete(sh.tips, st)
			}
		}
		sh.mu.Unlock()
	}
}

// PartBytes tells what the rows of one part in memory take at most, by counting, and may take.
func (s *Store) PartBytes(p ledger.Part) (kept, most int) {
	sh := s.hot.shard(p)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for _, half := range []hotRows{sh.newer, sh.older} {
		for n, value := range half.rows {
			kept += sizeOfRow(n, value)
		}
		for n, f := range half.few {
			kept += sizeOfFew(n, f)
		}
	}
	return kept, 2 * hotHalf
}
