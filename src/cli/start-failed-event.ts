/** The log line by which a server in the background tells why it did not start, for whoever launched it. */
export const startFailedEvent = 'server.start_failed';
