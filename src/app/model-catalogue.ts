/** The models that `nexus models pull` can fetch: where from, and the hash that each file must have. */

export type ModelFile = { name: string; sha256: string; sizeBytes: number };

export type CatalogueModel = {
  name: string;
  /** One sentence for people. */
  about: string;
  licence: string;
  /** The folder the files are fetched from, pinned to a commit. */
  url: string;
  files: readonly ModelFile[];
};

export const modelCatalogue: readonly CatalogueModel[] = [
  {
    name: 'potion-base-4M-int8',
    about: 'Static English embeddings (Model2Vec), 128 dimensions, 4 MB, microseconds a text.',
    licence: 'MIT',
    url: 'https://raw.githubusercontent.com/MinishLab/semhash/8b61df4f501f83c2ceb70c49d49e7dbfb3248393/tests/data/test_model/',
    files: [
      {
        name: 'config.json',
        sha256: '8487486abedbb5a38ffb907d874304da13860d6a7f6919ba117dcaeabe8c3e82',
        sizeBytes: 252,
      },
      {
        name: 'tokenizer.json',
        sha256: '2b450d39e4f10fbced1417d55fd2ba63fe4a7eea561467a06a91c3a4537995c9',
        sizeBytes: 683_667,
      },
      {
        name: 'model.safetensors',
        sha256: '48003d10a1f686321e4e79f5f306fe1fcf1d2b883a90785c939563a506bb89be',
        sizeBytes: 3_779_672,
      },
    ],
  },
];
