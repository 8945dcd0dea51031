import { render } from 'preact';
import { followAddress } from './address/address.js';
import { startClock } from './data/clock.js';
import { startStream } from './data/stream.js';
import { Frame } from './frame/frame.js';
import { followKeys } from './frame/keys.js';
import { keepLearning, learn } from './frame/known.js';
import { followTheme } from './frame/theme.js';

followTheme();
followAddress();
followKeys();
startClock();
startStream();
// Hues are learned before anything has one; a console that does not answer is said by the frame.
learn()
  .catch(() => undefined)
  .finally(() => {
    render(<Frame />, document.getElementById('page') as HTMLElement);
    keepLearning();
  });
