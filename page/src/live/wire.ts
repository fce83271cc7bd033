// The real WebSocket, which comes back by itself.

import Reconnecting from 'partysocket/ws'
import { PROTOCOL, type Wire } from './socket'

const OPTIONS = {
  minReconnectionDelay: 150,
  maxReconnectionDelay: 5000,
  reconnectionDelayGrowFactor: 1.6,
  connectionTimeout: 4000,
  // What was meant for a line that is gone would be wrong on the next one.
  maxEnqueuedMessages: 0,
}

export function openWire(): Wire {
  const address = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/ws`
  return new Reconnecting(address, [PROTOCOL], OPTIONS) as unknown as Wire
}
