import { objectPlace } from '../objects.ts';
import type { Place } from '../place.ts';
import { type S3Options, s3Bucket } from './bucket.ts';

/**
 * A bucket that speaks S3 as a place of the store.
 *
 * @throws InputError for what is no bucket, prefix or endpoint
 */
export function s3Place(options: S3Options): Place {
  return objectPlace(s3Bucket(options), options);
}
