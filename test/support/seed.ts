/** The seed of every random suite; SMOLTBOT_SEED replaces it for one run. */
export const defaultSeed = 20_261_122;
