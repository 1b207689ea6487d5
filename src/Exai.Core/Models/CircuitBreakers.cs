using System.Collections.Concurrent;
using Exai.Core.Providers;
using Exai.Protocol;
using Polly;
using Polly.CircuitBreaker;

namespace Exai.Core.Models;

/// <summary>When a model is given up for a while, and for how long.</summary>
/// <param name="Threshold">So many attempts in a window of a minute, all ended by the provider's fault; at least 2.</param>
public sealed record BreakerOptions(int Threshold, TimeSpan Recovery);

/// <summary>One circuit breaker for each provider and model. Only a provider's own faults count: a wrong key or a filtered question is none. Thread-safe.</summary>
internal sealed class CircuitBreakers(BreakerOptions options, TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(string Provider, string Model), Breaker> _breakers = new();

    public Breaker For(ModelRoute route) => _breakers.GetOrAdd((route.Provider.Name, route.ModelId), _ => new Breaker(options, time));

    /// <summary>What each breaker is doing; those that were never needed are left out.</summary>
    public IEnumerable<(string Provider, string Model, CircuitState State)> States() =>
        _breakers.Select(breaker => (breaker.Key.Provider, breaker.Key.Model, breaker.Value.State));

    private static bool IsFault(ProviderException? failure) => failure is
    {
        Error.Code: ErrorCodes.Timeout or ErrorCodes.ProviderError,
        FailureClass: not FailureClass.Stop,
    };

    internal sealed class Breaker
    {
        private readonly CircuitBreakerStateProvider _state = new();
        private readonly ResiliencePipeline<ProviderException?> _pipeline;
        private readonly TimeProvider _time;
        private long _closesAt;

        public Breaker(BreakerOptions options, TimeProvider time)
        {
            _time = time;
            _pipeline = new ResiliencePipelineBuilder<ProviderException?> { TimeProvider = time }
                .AddCircuitBreaker(new CircuitBreakerStrategyOptions<ProviderException?>
                {
                    FailureRatio = 1,
                    MinimumThroughput = options.Threshold,
                    SamplingDuration = Window,
                    BreakDuration = options.Recovery,
                    StateProvider = _state,
                    ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Exception is null && IsFault(arguments.Outcome.Result)),
                    OnOpened = arguments =>
                    {
                        Volatile.Write(ref _closesAt, (time.GetUtcNow() + arguments.BreakDuration).UtcTicks);
                        return ValueTask.CompletedTask;
                    },
                })
                .Build();
        }

        public CircuitState State => _state.CircuitState;

        /// <summary>How long it stays open; null when an attempt may try. Asked before the queue, so that nobody waits there for nothing.</summary>
        public TimeSpan? OpenFor
        {
            get
            {
                var left = new DateTimeOffset(Volatile.Read(ref _closesAt), TimeSpan.Zero) - _time.GetUtcNow();
                return State == CircuitState.Open && left > TimeSpan.Zero ? left : null;
            }
        }

        /// <summary>Runs the attempt and learns from its end.</summary>
        /// <exception cref="BrokenCircuitException">It may not run.</exception>
        public async Task<ProviderException?> RunAsync(Func<Task<ProviderException?>> attempt, CancellationToken cancellationToken)
        {
            // Polly leaves the caller's scheduler unless told to stay.
            var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, cancellationToken);
            try
            {
                return await _pipeline.ExecuteAsync(async (_, run) => await run(), context, attempt);
            }
            finally
            {
                ResilienceContextPool.Shared.Return(context);
            }
        }
    }
}
