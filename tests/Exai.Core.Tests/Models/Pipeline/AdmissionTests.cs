using Exai.Core.Admission;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Tests.Calls;
using Exai.Protocol;
using Exai.Settings;
using Exai.Testing;

namespace Exai.Core.Tests.Models.Pipeline;

/// <summary>The gateway with the real scheduler: what an attempt holds, for how long, and what its end teaches.</summary>
public sealed class AdmissionTests
{
    private static readonly ModelQuestion Question = new() { SystemPrompt = "system", Prompt = "hello", Model = "glm-4.6" };

    /// <summary>Trap 60: whatever ends an attempt, and wherever it stands then, the permit is back.</summary>
    [Fact]
    public void Permit_is_back_after_a_cancel_at_any_moment() => Simulation.Run(async simulation =>
    {
        for (var milliseconds = 0; milliseconds <= 6000; milliseconds += 250)
        {
            using var world = new GatewayWorld(simulation, [new ScriptStep.Headers(), ScriptStep.Seconds(2), new ScriptStep.Say("a"), ScriptStep.Seconds(2), new ScriptStep.Finish()]);
            var first = world.AskAsync(CancellationToken.None);
            using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(milliseconds), simulation.Time);
            var second = world.AskAsync(cancel.Token);
            await first;
            try
            {
                await second;
            }
            catch (OperationCanceledException)
            {
                // Queued, or in the middle of its answer.
            }

            world.ShouldBeEmpty();
        }
    });

    [Theory]
    [InlineData(ErrorCodes.ProviderError, FailureClass.RetryShort)]
    [InlineData(ErrorCodes.ProviderAuth, FailureClass.Stop)]
    [InlineData(ErrorCodes.ContextTooLarge, FailureClass.Shrink)]
    public void Permit_is_back_after_every_failure_and_held_by_nobody_between_retries(string code, FailureClass failureClass) => Simulation.Run(async simulation =>
    {
        var failure = new ProviderException(new CallError { Code = code, Message = "no", Stage = Stages.Headers }, failureClass);
        using var world = new GatewayWorld(simulation, [ScriptStep.Seconds(1), new ScriptStep.Fail(failure)]);
        var asking = world.AskAsync(CancellationToken.None);
        await Task.Delay(TimeSpan.FromSeconds(1.2), simulation.Time);
        world.ShouldBeEmpty();
        await Should.ThrowAsync<ProviderException>(asking);
        world.ShouldBeEmpty();
    });

    [Fact]
    public void Defect_of_a_client_gives_the_permit_back() => Simulation.Run(async simulation =>
    {
        using var world = new GatewayWorld(simulation, [new ScriptStep.Fail(new InvalidOperationException("defect"))]);
        await Should.ThrowAsync<ProviderException>(world.AskAsync(CancellationToken.None));
        world.ShouldBeEmpty();
    });

    [Fact]
    public void Rate_refusal_pauses_the_key_and_the_book_says_so_while_a_used_up_quota_teaches_nothing() => Simulation.Run(async simulation =>
    {
        foreach (var (code, paused) in new[] { (ErrorCodes.RateLimited, true), (ErrorCodes.ProviderQuota, false) })
        {
            var failure = new ProviderException(new CallError { Code = code, Message = "no", Stage = Stages.Headers }, FailureClass.Stop) { RetryAfter = TimeSpan.FromSeconds(7) };
            using var world = new GatewayWorld(simulation, [new ScriptStep.Fail(failure)]);
            await Should.ThrowAsync<ProviderException>(world.AskAsync(CancellationToken.None));
            (world.Permits.Snapshot().Providers.Single().PausedUntil is not null).ShouldBe(paused);
            world.Book.Limits.ShouldBe(paused ? [new ReceiptLimit("glm") { PausedMs = 7000 }] : []);
        }
    });

    /// <summary>One that waits for the same key would wait in vain: it may ask somebody else at once.</summary>
    [Fact]
    public void Pause_that_outlasts_the_call_ends_the_waiting_of_all_who_cannot_wait_so_long() => Simulation.Run(async simulation =>
    {
        var failure = new ProviderException(new CallError { Code = ErrorCodes.RateLimited, Message = "no", Stage = Stages.Headers }, FailureClass.RetryShort)
        {
            RetryAfter = TimeSpan.FromHours(1),
        };
        using var world = new GatewayWorld(simulation, [ScriptStep.Seconds(3), new ScriptStep.Fail(failure)], kimi: [new ScriptStep.Say("from kimi"), new ScriptStep.Finish()]);
        var started = simulation.Time.GetTimestamp();
        var first = world.AskAsync(CancellationToken.None);
        var queued = world.AskAsync(CancellationToken.None);
        (await first).Model.ShouldStartWith("kimi");
        (await queued).Model.ShouldStartWith("kimi");
        var later = await world.AskAsync(CancellationToken.None);
        simulation.Time.GetElapsedTime(started).ShouldBe(TimeSpan.FromSeconds(3));
        later.Fallbacks.ShouldHaveSingleItem().Code.ShouldBe(ErrorCodes.RateLimited);
        world.Glm.Requests.Count.ShouldBe(1);
        world.Book.WaitedInVain.ShouldBe(TimeSpan.FromSeconds(3));
        world.ShouldBeEmpty();
    });

    private sealed class GatewayWorld : IDisposable
    {
        private readonly AttemptRegistry _attempts = new();
        private readonly ListLogger _log = new();
        private readonly ScriptedChatClient _kimi;
        private readonly ModelGateway _gateway;

        public GatewayWorld(Simulation simulation, IEnumerable<ScriptStep> glm, IEnumerable<ScriptStep>? kimi = null)
        {
            Glm = new ScriptedChatClient(simulation.Time, _ => glm);
            _kimi = new ScriptedChatClient(simulation.Time, _ => kimi ?? []);
            Permits = new PermitScheduler(new AdmissionOptions { DefaultProviderLimit = 1 }, _attempts, simulation.Time, _log);
            List<ModelProvider> providers = [new("glm", Glm, TestDaemon.Clocks, ["glm-4.6"], 8192)];
            if (kimi is not null)
            {
                providers.Add(new ModelProvider("kimi", _kimi, TestDaemon.Clocks, ["kimi-k2-0905-preview"], 8192));
            }

            _gateway = TestGateway.Create(
                new ModelRouter(providers, ModelCatalogue.Load(), "auto"), simulation.Time, _log, new GatewayOptions { Fallback = FallbackMode.Always }, permits: Permits, attempts: _attempts);
        }

        public ScriptedChatClient Glm { get; }

        public PermitScheduler Permits { get; }

        public AttemptBook Book { get; private set; } = null!;

        public Task<ModelAnswer> AskAsync(CancellationToken cancellationToken)
        {
            var scope = TestGateway.Scope();
            Book ??= scope.Book;
            return _gateway.AskAsync(Question, scope with { Book = Book }, cancellationToken);
        }

        public void ShouldBeEmpty()
        {
            var snapshot = Permits.Snapshot();
            (snapshot.Global.Held, snapshot.Global.Queued, _attempts.Count).ShouldBe((0, 0, 0));
            Permits.TakeBackLost().ShouldBeEmpty();
        }

        public void Dispose()
        {
            Permits.Dispose();
            Glm.Dispose();
            _kimi.Dispose();
        }
    }
}
