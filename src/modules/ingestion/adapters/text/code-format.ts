import { toCanonicalText } from '../../parsing/canonical-text.ts';
import { decodeText } from '../../parsing/decode-text.ts';
import type { Format } from '../../ports.ts';
import { toCodeBlocks } from './code-blocks.ts';

/** Source code, as it stands: a block a definition at the outermost level, with the comment and the marks above it. */
export const codeFormat: Format = {
  name: 'code',
  version: 1,
  extensions: (
    'ts mts cts tsx js mjs cjs jsx py pyi go rs java kt kts scala swift c h cc cpp cxx hpp hh cs php rb pl pm lua r jl ' +
    'dart ex exs erl hs ml clj groovy gradle sh bash zsh fish ps1 bat sql css scss less vue svelte tf proto graphql ' +
    'toml ini cfg conf properties jsonc json5 xsd xsl xslt diff patch tex'
  ).split(' '),
  mediaTypes: ['text/x-source'],
  parse(bytes) {
    const { text: decoded, warnings } = decodeText(bytes);
    const text = toCanonicalText(decoded);
    return { title: undefined, text, blocks: toCodeBlocks(text), warnings };
  },
};
