/** The command did what it was asked and found nothing that fails. */
export const EXIT_OK = 0;
/** A violation, an invalid file, bad usage or bad input. There is no third code: CI systems read more into those than we mean. */
export const EXIT_FAILED = 1;
