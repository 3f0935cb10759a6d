package pebble

// FillVolumes makes volumes full after so many bytes.
func (s *Store) FillVolumes(bytes int64) { s.full = bytes }

// Metrics tells what the engine did.
func (s *Store) Metrics() string { return s.db.Metrics().String() }
