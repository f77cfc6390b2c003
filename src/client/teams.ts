import type { RecommendAnswer, TeamDocument, TeamList } from "../registry/shapes.js";
import { segment } from "./address.js";
import { asked, type PageOptions, pageQuery, posted } from "./request.js";
import type { CallOptions, Transport } from "./transport.js";

/** Exactly one of `teamId` and `agentId`. */
export interface RecommendRequest {
  readonly teamId?: string | undefined;
  readonly agentId?: string | undefined;
  /** Default 30. */
  readonly analysisWindowDays?: number | undefined;
  readonly strictness?: "permissive" | "balanced" | "strict" | undefined;
}

export class TeamOperations {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** A draft from the stored traces of a team, or of one agent. */
  async recommendPolicy(request: RecommendRequest, options: CallOptions = {}): Promise<RecommendAnswer> {
    const { teamId, agentId, analysisWindowDays, strictness } = request;
    const body = { team_id: teamId, agent_id: agentId, analysis_window_days: analysisWindowDays, strictness };
    return this.#transport.json(posted("/v1/teams/recommend-policy", body, true), options);
  }

  async list(options: PageOptions = {}): Promise<TeamList> {
    return this.#transport.json(asked("/v1/teams", pageQuery(options)), options);
  }

  async get(id: string, options: CallOptions = {}): Promise<TeamDocument> {
    return this.#transport.json(asked(`/v1/teams/${segment(id)}`), options);
  }

  /** Replaces the members. */
  async put(id: string, agents: readonly string[], options: CallOptions = {}): Promise<TeamDocument> {
    return this.#transport.json({ ...posted(`/v1/teams/${segment(id)}`, { agents }, true), method: "PUT" }, options);
  }

  async delete(id: string, options: CallOptions = {}): Promise<void> {
    return this.#transport.none({ method: "DELETE", path: `/v1/teams/${segment(id)}`, safe: true }, options);
  }
}
