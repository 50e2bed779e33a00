/** PATH without the folders that npm adds. */
export const SYSTEM_PATH: string;
