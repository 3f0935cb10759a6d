package gateway

// quiet tells whether nobody serves the session's input, and nobody will before there is more.
func (l *epollLink) quiet() bool { return l.input.Load()&inputBusy == 0 }
