/** Equations of Office (OMML) as LaTeX, near enough to be read and searched. */
import { childOf, childrenOf, isElement, type XmlElement, xmlText } from '../office/read-xml.ts';

export function toLatex(equation: XmlElement | undefined): string {
  return inner(equation).replaceAll(/ {2,}/g, ' ').trim();
}

const inner = (element: XmlElement | undefined): string =>
  element?.children
    .filter(isElement)
    .map((child) => (writers[child.name] ?? inner)(child))
    .join('') ?? '';

const at = (element: XmlElement, name: string): string => inner(childOf(element, name)).trim();
const group = (text: string): string => `{${text.trim()}}`;

function propertyOf(element: XmlElement, properties: string, name: string): string | undefined {
  return childOf(childOf(element, properties), name)?.attributes['m:val'];
}

const silent = (): string => '';

const writers: Record<string, (element: XmlElement) => string> = {
  'm:r': (run) =>
    childrenOf(run, 'm:t')
      .map((text) => toSymbols(xmlText(text)))
      .join(''),
  'w:r': (run) => childrenOf(run, 'w:t').map(xmlText).join(''),
  'w:rPr': silent,
  'm:ctrlPr': silent,
  'm:f': (fraction) => {
    const [above, below] = [at(fraction, 'm:num'), at(fraction, 'm:den')];
    if (propertyOf(fraction, 'm:fPr', 'm:type') === 'lin') return `${above}/${below}`;
    return propertyOf(fraction, 'm:fPr', 'm:type') === 'noBar'
      ? `\\genfrac{}{}{0pt}{}${group(above)}${group(below)}`
      : `\\frac${group(above)}${group(below)}`;
  },
  'm:sSup': (script) => `${at(script, 'm:e')}^${group(at(script, 'm:sup'))}`,
  'm:sSub': (script) => `${at(script, 'm:e')}_${group(at(script, 'm:sub'))}`,
  'm:sSubSup': (script) => `${at(script, 'm:e')}_${group(at(script, 'm:sub'))}^${group(at(script, 'm:sup'))}`,
  'm:sPre': (script) => `{}_${group(at(script, 'm:sub'))}^${group(at(script, 'm:sup'))}${at(script, 'm:e')}`,
  'm:rad': (root) => {
    const degree = at(root, 'm:deg');
    return degree === '' ? `\\sqrt${group(at(root, 'm:e'))}` : `\\sqrt[${degree}]${group(at(root, 'm:e'))}`;
  },
  'm:nary': (nary) => {
    const symbol = toSymbols(propertyOf(nary, 'm:naryPr', 'm:chr') ?? '∫').trim();
    const [below, above] = [at(nary, 'm:sub'), at(nary, 'm:sup')];
    const limits = `${below === '' ? '' : `_${group(below)}`}${above === '' ? '' : `^${group(above)}`}`;
    return `${symbol}${limits}${group(at(nary, 'm:e'))}`;
  },
  'm:d': (delimited) => {
    const open = propertyOf(delimited, 'm:dPr', 'm:begChr') ?? '(';
    const close = propertyOf(delimited, 'm:dPr', 'm:endChr') ?? ')';
    const between = propertyOf(delimited, 'm:dPr', 'm:sepChr') ?? '|';
    const parts = childrenOf(delimited, 'm:e').map((part) => inner(part).trim());
    return `\\left${toDelimiter(open)}${parts.join(between)}\\right${toDelimiter(close)}`;
  },
  'm:func': (call) => {
    const name = at(call, 'm:fName');
    return `${knownFunctions.has(name) ? `\\${name}` : name}${group(at(call, 'm:e'))}`;
  },
  'm:limLow': (limit) => `${toFunction(at(limit, 'm:e'))}_${group(at(limit, 'm:lim'))}`,
  'm:limUpp': (limit) => `${toFunction(at(limit, 'm:e'))}^${group(at(limit, 'm:lim'))}`,
  'm:acc': (accent) =>
    `${accents[propertyOf(accent, 'm:accPr', 'm:chr') ?? '\u0302'] ?? '\\hat'}${group(at(accent, 'm:e'))}`,
  'm:bar': (bar) =>
    `${propertyOf(bar, 'm:barPr', 'm:pos') === 'top' ? '\\overline' : '\\underline'}${group(at(bar, 'm:e'))}`,
  'm:groupChr': (grouped) => `\\underbrace${group(at(grouped, 'm:e'))}`,
  'm:borderBox': (box) => `\\boxed${group(at(box, 'm:e'))}`,
  'm:m': (matrix) =>
    `\\begin{matrix}${childrenOf(matrix, 'm:mr')
      .map((row) =>
        childrenOf(row, 'm:e')
          .map((cell) => inner(cell).trim())
          .join(' & '),
      )
      .join(' \\\\ ')}\\end{matrix}`,
  'm:eqArr': (array) =>
    `\\begin{array}{c}${childrenOf(array, 'm:e')
      .map((row) => inner(row).trim())
      .join(' \\\\ ')}\\end{array}`,
};

const knownFunctions = new Set(
  'sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln exp lim max min sup inf det gcd arg dim ker'.split(
    ' ',
  ),
);
const toFunction = (name: string): string => (knownFunctions.has(name) ? `\\${name}` : name);

const toDelimiter = (mark: string): string => {
  if (mark === '') return '.';
  return /[{}]/.test(mark) ? `\\${mark}` : (delimiters[mark] ?? mark);
};
const delimiters: Record<string, string> = {
  '⟨': '\\langle ',
  '⟩': '\\rangle ',
  '‖': '\\|',
  '⌈': '\\lceil ',
  '⌉': '\\rceil ',
  '⌊': '\\lfloor ',
  '⌋': '\\rfloor ',
};

const accents: Record<string, string> = {
  '\u0302': '\\hat',
  '\u0303': '\\tilde',
  '\u0304': '\\bar',
  '\u0305': '\\overline',
  '\u0307': '\\dot',
  '\u0308': '\\ddot',
  '\u20D7': '\\vec',
};

const symbols: Record<string, string> = Object.fromEntries(
  `α alpha β beta γ gamma δ delta ε epsilon ϵ epsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu ξ xi π pi ρ rho σ sigma τ tau υ upsilon φ phi ϕ phi χ chi ψ psi ω omega
   Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Φ Phi Ψ Psi Ω Omega
   ± pm ∓ mp × times ÷ div ⋅ cdot ∙ cdot ∗ ast ≤ leq ≥ geq ≠ neq ≈ approx ≡ equiv ∝ propto ∞ infty ∂ partial ∇ nabla
   ∑ sum ∏ prod ∫ int ∬ iint ∭ iiint ∮ oint ⋃ bigcup ⋂ bigcap √ sqrt ∈ in ∉ notin ⊂ subset ⊆ subseteq ∪ cup ∩ cap ∅ emptyset ∀ forall ∃ exists ¬ neg ∧ wedge ∨ vee
   → rightarrow ← leftarrow ↔ leftrightarrow ⇒ Rightarrow ⇐ Leftarrow ⇔ Leftrightarrow ∘ circ … ldots ⋯ cdots ′ prime`
    .trim()
    .split(/\s+/)
    .map((word, index, words) => [word, words[index + 1] ?? ''] as const)
    .filter((_, index) => index % 2 === 0)
    .map(([symbol, name]) => [symbol, ` \\${name} `]),
);

/** Letters of mathematical alphabets become plain, symbols become commands. */
function toSymbols(text: string): string {
  let out = '';
  const named = text.replaceAll(/([a-z]{2,6})\u2061/g, (_, name: string) => `${toFunction(name)} `);
  for (const character of named.replaceAll(/[\u2061-\u2064]/g, '')) {
    const plain = character >= '\u{1D400}' ? character.normalize('NFKC') : character;
    out += symbols[plain] ?? plain;
  }
  return out;
}
