/** One comment for each check, written once and then kept up to date. A comment that cannot be written never fails a run. */

import { createHash } from "node:crypto";

const pageLength = 100;
/** Pages looked through for the own comment: 3,000 comments. */
const pagesMax = 30;
const answerMs = 20_000;

/** The first line of the comment, invisible to readers; `key` tells several checks of one pull request apart. */
export function markerOf(key) {
  return `<!-- smoltbot-policy:${createHash("sha256").update(key).digest("hex").slice(0, 24)} -->`;
}

class Refused extends Error {}

async function request(method, url, headers, body) {
  let response;
  try {
    response = await fetch(url, {
      method,
      headers: { "content-type": "application/json", "user-agent": "smoltbot-policy", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      // An answer that leads elsewhere would take the token along.
      redirect: "error",
      signal: AbortSignal.timeout(answerMs),
    });
  } catch (error) {
    throw new Refused(`${method} was not answered (${error.cause?.code ?? error.name})`);
  }
  if (!response.ok) throw new Refused(`${method} was answered with ${response.status}`);
  try {
    return await response.json();
  } catch {
    throw new Refused(`${method} was answered with something that is not JSON`);
  }
}

/**
 * Writes `body` to the pull or merge request. Answers `{written: "created" | "updated"}`, or `{reason}` when there is nothing to
 * write to or it was refused. With `onlyUpdate` no new comment is made.
 */
export async function publish(settings, env, event, body, { onlyUpdate = false } = {}) {
  const place = placeOf(settings, env, event);
  if (place.reason !== undefined) return place;
  const marker = markerOf(settings.commentKey || defaultKey(env));
  const text = `${marker}\n${body}`;
  try {
    const own = await ownComment(place, marker);
    if (own !== undefined) {
      await request(place.updateMethod, `${place.updateUrl}/${own.id}`, place.headers, { body: text });
      return { written: "updated" };
    }
    if (onlyUpdate) return { reason: "there is nothing to say yet" };
    await request("POST", place.listUrl, place.headers, { body: text });
    return { written: "created" };
  } catch (error) {
    if (error instanceof Refused) return { reason: error.message, refused: true };
    throw error;
  }
}

function defaultKey(env) {
  return JSON.stringify([env.GITHUB_WORKFLOW ?? env.CI_PROJECT_NAME ?? "", env.GITHUB_JOB ?? env.CI_JOB_NAME ?? ""]);
}

/** Where the comments of this run are, or the reason why there are none. */
function placeOf(settings, env, event) {
  const { token, platform } = settings;
  if (platform === "github") {
    const number = event.pull_request?.number;
    if (!Number.isSafeInteger(number)) return { reason: "the run belongs to no pull request" };
    if (token === undefined) return { reason: "there is no token" };
    const api = `${env.GITHUB_API_URL}/repos/${repositoryPath(env.GITHUB_REPOSITORY)}/issues`;
    return {
      listUrl: `${api}/${number}/comments`,
      updateUrl: `${api}/comments`,
      updateMethod: "PATCH",
      userUrl: `${env.GITHUB_API_URL}/user`,
      authorOf: (comment) => comment.user,
      isOwn: (author, me) => (me === undefined ? author?.type === "Bot" : author?.id === me.id),
      headers: { authorization: `Bearer ${token}`, accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" },
    };
  }
  if (platform === "gitlab") {
    const number = Number(env.CI_MERGE_REQUEST_IID);
    if (!env.CI_MERGE_REQUEST_IID || !Number.isSafeInteger(number)) return { reason: "the pipeline belongs to no merge request" };
    if (token === undefined) return { reason: "there is no token" };
    const notes = `${env.CI_API_V4_URL}/projects/${encodeURIComponent(env.CI_PROJECT_ID ?? "")}/merge_requests/${number}/notes`;
    return {
      listUrl: notes,
      updateUrl: notes,
      updateMethod: "PUT",
      userUrl: `${env.CI_API_V4_URL}/user`,
      authorOf: (note) => note.author,
      isOwn: (author, me) => me !== undefined && author?.id === me.id,
      headers: { "private-token": token },
    };
  }
  return { reason: "there is no pull request here" };
}

function repositoryPath(name = "") {
  return name.split("/").map(encodeURIComponent).join("/");
}

/**
 * The comment of an earlier run. Anybody may write our marker into a comment; only one by the account of this run is ours, or
 * the report would stand where somebody else may edit it.
 */
async function ownComment(place, marker) {
  const { listUrl, userUrl, headers, authorOf, isOwn } = place;
  // The token of a job is no user and may not ask who it is; comments it wrote are by a bot.
  const me = await request("GET", userUrl, headers).catch(() => undefined);
  for (let page = 1; page <= pagesMax; page++) {
    const comments = await request("GET", `${listUrl}?per_page=${pageLength}&page=${page}`, headers);
    if (!Array.isArray(comments)) throw new Refused("GET was answered with something that is no list");
    const own = comments.find(
      (comment) => typeof comment.body === "string" && comment.body.startsWith(marker) && isOwn(authorOf(comment), me),
    );
    if (own !== undefined) return own;
    if (comments.length < pageLength) return undefined;
  }
  return undefined;
}
