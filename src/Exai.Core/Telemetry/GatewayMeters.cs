using System.Diagnostics.Metrics;
using Exai.Core.Models;
using Exai.Protocol;

namespace Exai.Core.Telemetry;

/// <summary>What models are asked, counted under the contract's metric names. A failed attempt counts for the model that failed.</summary>
internal sealed class GatewayMeters
{
    public const string MeterName = "Exai";

    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstToken;
    private readonly Counter<long> _timeouts;
    private readonly Counter<long> _fallbacks;
    private readonly Counter<long> _tokens;
    private readonly Counter<double> _cost;

    /// <param name="meter">Owned by whoever made it.</param>
    public GatewayMeters(Meter meter, CircuitBreakers breakers)
    {
        _attempts = meter.CreateCounter<long>("exai_attempts_total", description: "Requests to models, by how and where they ended.");
        _duration = meter.CreateHistogram<double>("exai_attempt_duration_seconds", "s", "A request to a model, from the permit to its end.");
        _firstToken = meter.CreateHistogram<double>("exai_first_token_seconds", "s", "From the request to its first token, reasoning included.");
        _timeouts = meter.CreateCounter<long>("exai_stream_timeouts_total", description: "Clocks that ended a request.");
        _fallbacks = meter.CreateCounter<long>("exai_fallbacks_total", description: "Times that another model was asked in place of one that failed.");
        _tokens = meter.CreateCounter<long>("exai_tokens_total", description: "Tokens used, as reported or else estimated.");
        _cost = meter.CreateCounter<double>("exai_cost_usd_total", description: "US dollars spent on models whose price is known.");
        meter.CreateObservableGauge(
            "exai_breaker_state",
            () => breakers.States().Select(breaker => new Measurement<int>(
                (int)breaker.State, new("provider", breaker.Provider), new("model", breaker.Model))),
            description: "0 closed, 1 open, 2 half open, 3 isolated.");
    }

    public void Ended(AttemptRecord attempt)
    {
        KeyValuePair<string, object?> provider = new("provider", attempt.Provider);
        KeyValuePair<string, object?> model = new("model", attempt.Model);
        _attempts.Add(1, provider, model, new("outcome", attempt.Outcome), new("stage", attempt.Stage));
        _duration.Record(attempt.TotalMs / 1000.0, provider, model);
        if (attempt.FirstTokenMs is { } firstToken)
        {
            _firstToken.Record(firstToken / 1000.0, provider, model);
        }

        if (attempt.Clock is { } clock)
        {
            _timeouts.Add(1, provider, new("clock", clock));
        }

        _tokens.Add(attempt.Tokens.Input, provider, model, new("kind", "input"));
        _tokens.Add(attempt.Tokens.Output, provider, model, new("kind", "output"));
        _tokens.Add(attempt.Tokens.Reasoning, provider, model, new("kind", "reasoning"));
        _tokens.Add(attempt.Tokens.Cached, provider, model, new("kind", "cached"));
        if (attempt.CostUsd is { } cost)
        {
            _cost.Add((double)cost, provider, model);
        }
    }

    public void FellBack(ModelRoute from, ModelRoute to, string code) =>
        _fallbacks.Add(1, new("from", from.ModelId), new("to", to.ModelId), new("code", code));

    /// <summary>Brings the series of models that are likely to be asked into being, at 0.</summary>
    public void Announce(IEnumerable<ModelProvider> providers)
    {
        foreach (var provider in providers)
        {
            KeyValuePair<string, object?> providerLabel = new("provider", provider.Name);
            foreach (var clock in (string[])[Clocks.Connect, Clocks.Headers, Clocks.FirstToken, Clocks.Idle, Clocks.Stream])
            {
                _timeouts.Add(0, providerLabel, new("clock", clock));
            }

            foreach (var id in provider.PreferredModels)
            {
                KeyValuePair<string, object?> model = new("model", id);
                _attempts.Add(0, providerLabel, model, new("outcome", AttemptOutcomes.Ok), new("stage", Stages.Finish));
                foreach (var kind in (string[])["input", "output", "reasoning", "cached"])
                {
                    _tokens.Add(0, providerLabel, model, new("kind", kind));
                }
            }
        }
    }
}
