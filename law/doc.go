// Package law is the adversarial suite: what people try to get past the law of
// notices, each attempt made against whole servers over HTTP alone, after the
// honest way was shown to work. It has tests and nothing else.
//
// An attempt is one row of a table: what is tried, which clause forbids it, how it
// is refused, and how many notices may come of it. The same rows run on one node
// with the embedded store and on two nodes with CQL and Redis. In the end the
// checker of package notify/grant holds every user's book against the law.
package law
