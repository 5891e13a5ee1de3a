import { z } from 'zod';
import { movieId, newId } from '../../../contracts/ids.ts';
import { type Endpoint, endpoint } from '../../../runtime/http/endpoint.ts';
import { decodeCursor, page, pageOf, pageQuery } from '../../../runtime/http/page.ts';
import { notFound, Problem } from '../../../runtime/http/problem.ts';
import type { ServiceRuntime, Transaction } from '../../../runtime/service-runtime.ts';
import { answerOnce, assertNoOverlaps, refreshShows } from '../changes.ts';
import { type Movie, movie, movieFields } from '../entries.ts';
import * as projection from '../projection.ts';
import { minutesOf } from '../show-rules.ts';

/** Movies, or whatever is shown. Shows repeat what a ticket needs of them, so a change reaches the shows to come. */

const params = z.strictObject({ movieId });
const { shape } = movieFields;
/** What need not be told of a movie is taken away by `null`. */
const changes = movieFields
  .extend({
    releaseDate: shape.releaseDate.nullable(),
    runningTimeMinutes: shape.runningTimeMinutes.nullable(),
    certificate: shape.certificate.nullable(),
    genre: shape.genre.nullable(),
    director: shape.director.nullable(),
    rating: shape.rating.nullable(),
    synopsis: shape.synopsis.nullable(),
  })
  .partial()
  .refine((fields) => Object.keys(fields).length > 0, 'must change at least one field');
const tag = 'catalogue';

/** What a show says of its movie. */
export function movieInShow({ movieId: id, title, runningTimeMinutes, certificate, genre }: Movie) {
  return {
    movieId: id,
    title,
    ...(runningTimeMinutes === undefined ? {} : { runningTimeMinutes }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(genre === undefined ? {} : { genre }),
  };
}

export function movieEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [...readingMovies(service), ...changingMovies(service)];
}

function readingMovies(service: ServiceRuntime): readonly Endpoint[] {
  const read = (id: string) => projection.movieById(service, id);
  return [
    endpoint({
      ...{
        method: 'GET',
        path: '/movies',
        summary: 'Movies by title; `q` finds those whose title has it, in capitals or not.',
        tag,
        who: 'anyone',
      },
      query: z.strictObject({ ...pageQuery, q: z.string().normalize().min(1).max(120).optional() }),
      answers: { 200: { says: 'A page of movies.', body: pageOf(movie) } },
      problems: ['validation_failed'],
      async handle({ query }) {
        const after = decodeCursor(query.cursor, 2);
        const items = await projection.listMovies(service, { after, limit: query.limit, titled: query.q });
        return { status: 200, body: page(items, query.limit, (each) => [each.title, each.movieId]) };
      },
    }),
    endpoint({
      ...{ method: 'GET', path: '/movies/{movieId}', summary: 'One movie.', tag, who: 'anyone', params },
      answers: { 200: { says: 'The movie.', body: movie } },
      problems: ['not_found'],
      async handle({ params }) {
        const found = await read(params.movieId);
        if (found === undefined) throw notFound('movie');
        return { status: 200, body: found };
      },
    }),
  ];
}

function changingMovies(service: ServiceRuntime): readonly Endpoint[] {
  const read = (id: string) => projection.movieById(service, id);
  return [
    endpoint({
      ...{ method: 'POST', path: '/movies', summary: 'Add a movie.', tag, who: ['organizer'], body: movieFields },
      idempotency: 'honoured',
      answers: { 201: { says: 'The movie.', body: movie } },
      problems: ['forbidden', 'validation_failed'],
      handle: (call) =>
        answerOnce(service, call, {
          read,
          async work(transaction) {
            const id = newId('movie');
            await projection.insertMovies(transaction, [{ movieId: id, ...call.body }]);
            return { status: 201, location: `/v1/movies/${id}`, resource: id };
          },
        }),
    }),
    endpoint({
      ...{ method: 'PATCH', path: '/movies/{movieId}', tag, who: ['organizer'], params, body: changes },
      summary:
        'Change a movie; its shows to come change with it, and `null` takes away what need not be told. A running time with which they would overlap is refused; `shows` names them.',
      idempotency: 'honoured',
      answers: { 200: { says: 'The movie as it is now.', body: movie } },
      problems: ['forbidden', 'not_found', 'conflict', 'validation_failed'],
      handle: (call) =>
        answerOnce(service, call, {
          read,
          async work(transaction) {
            await changeMovie(transaction, call);
            return { status: 200, resource: call.params.movieId };
          },
        }),
    }),
    endpoint({
      ...{ method: 'DELETE', path: '/movies/{movieId}', tag, who: ['organizer'], params },
      summary: 'Remove a movie that no show to come needs.',
      idempotency: 'honoured',
      answers: { 204: { says: 'Removed.', body: null } },
      problems: ['forbidden', 'not_found', 'conflict'],
      async handle({ params, idempotency }) {
        await service.transactionOnce(idempotency, async (transaction) => {
          const found = await projection.movieById(transaction, params.movieId, 'lock');
          if (found === undefined) throw notFound('movie');
          if (!(await projection.deleteEntry(transaction, 'movies', params.movieId))) {
            throw new Problem('conflict', 'Shows to come need this movie. Cancel or remove them first.');
          }
          return { status: 204, resource: params.movieId };
        });
        return { status: 204 };
      },
    }),
  ];
}

/**
 * Changes a movie and its shows to come. Locks go from what a show is made of to the show, screens first, as everywhere:
 * on a screen that is locked nobody else puts a show while these get longer.
 */
async function changeMovie(
  transaction: Transaction,
  call: {
    readonly params: { readonly movieId: string };
    readonly body: z.infer<typeof changes>;
    readonly traceparent: string | undefined;
  },
): Promise<void> {
  const { movieId: id } = call.params;
  const isTimed = call.body.runningTimeMinutes !== undefined;
  const locked = isTimed ? await projection.screensShowing(transaction, id, 'lock') : [];
  const before = await projection.movieById(transaction, id, 'lock');
  if (before === undefined) throw notFound('movie');
  const after = movieOf({ ...before, ...call.body });
  await projection.updateMovie(transaction, after);
  const content = () => ({ movie: movieInShow(after) });
  await refreshShows(transaction, { of: { movieId: id }, content, traceparent: call.traceparent });
  if (minutesOf(after) <= minutesOf(before)) return;
  const showing = await projection.screensShowing(transaction, id);
  if (showing.some((screen) => !locked.includes(screen))) {
    throw new Problem('conflict', 'A show of this movie was scheduled or moved just now. Send the change again.');
  }
  await assertNoOverlaps(transaction, id);
}

/** What is left of a movie where `null` takes something away. */
function movieOf(fields: object): Movie {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as Movie;
}
