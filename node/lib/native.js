'use strict';

// The native module. It is built for one platform, and says so elsewhere.

const FILE = '../eventwire.linux-x64-gnu.node';

function load() {
  const { platform, arch } = process;
  if (platform !== 'linux' || arch !== 'x64') {
    throw new Error(`eventwire is built for Linux on x86-64, and this is ${platform} on ${arch}`);
  }
  try {
    return require(FILE);
  } catch (cause) {
    throw new Error(
      `eventwire cannot load its native module: ${cause.message}. It needs glibc; in a clone, \`cargo xtask test node\` builds it`,
      { cause },
    );
  }
}

exports.native = load();
