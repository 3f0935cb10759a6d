package webhook

// BackOff is how long after each failed attempt the next one comes, before it is spread.
var BackOff = backOff

const RetriedFor = retriedFor
