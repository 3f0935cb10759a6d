package pebble

// FillVolumes makes volumes full after so many bytes.
func (s *Store) FillVolumes(bytes int64) { s.full = bytes }

// Metrics tells what the engine did.
func (s *Store) Metrics() string { return s.db.Metrics().String() }

// Flush sorts what is in memory into files.
func (s *Store) Flush() error { return s.db.Flush() }
