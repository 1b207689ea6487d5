using System.Diagnostics.Metrics;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Tests.Calls;
using Exai.Protocol;
using Exai.Testing;

namespace Exai.Core.Tests.Models.Pipeline;

public sealed class CircuitBreakerTests
{
    private static readonly ModelQuestion Hello = new() { SystemPrompt = "system", Prompt = "hello", Model = "glm-4.6" };

    /// <summary>Traps 102, 104: it opens, lets one try again after its time, and closes by itself when that succeeds.</summary>
    [Fact]
    public void Model_that_always_fails_is_given_up_for_a_while_and_comes_back_by_itself() => Play(async play =>
    {
        await play.FailAsync(5, ErrorCodes.ProviderError);

        var refused = await play.AskAsync();
        (refused!.Code, refused.Stage).ShouldBe((ErrorCodes.CircuitOpen, Stages.Queue));
        refused.RetryAfterSecs.ShouldBe(60);
        refused.Message.ShouldContain("60 s");
        play.Client.Requests.Count.ShouldBe(5);

        await play.AfterAsync(61);
        play.Works = true;
        (await play.AskAsync()).ShouldBeNull();
        (await play.AskAsync()).ShouldBeNull();
        play.Client.Requests.Count.ShouldBe(7);
    });

    [Fact]
    public void First_try_after_the_pause_fails_it_opens_again() => Play(async play =>
    {
        await play.FailAsync(5, ErrorCodes.ProviderError);
        await play.AfterAsync(61);

        (await play.AskAsync())!.Code.ShouldBe(ErrorCodes.ProviderError);
        (await play.AskAsync())!.Code.ShouldBe(ErrorCodes.CircuitOpen);
    });

    [Theory]
    [InlineData(ErrorCodes.ProviderAuth, FailureClass.FallBackWithNotice)]
    [InlineData(ErrorCodes.ProviderQuota, FailureClass.FallBackWithNotice)]
    [InlineData(ErrorCodes.RateLimited, FailureClass.RetryShort)]
    [InlineData(ErrorCodes.ContentFiltered, FailureClass.Stop)]
    [InlineData(ErrorCodes.ProviderError, FailureClass.Stop)]
    public void What_is_not_the_providers_fault_never_opens_it(string code, FailureClass failureClass) => Play(async play =>
    {
        await play.FailAsync(20, code, failureClass);

        play.Client.Requests.Count.ShouldBe(20);
    });

    [Fact]
    public void One_success_among_the_failures_keeps_it_closed() => Play(async play =>
    {
        await play.FailAsync(4, ErrorCodes.ProviderError);
        play.Works = true;
        (await play.AskAsync()).ShouldBeNull();
        play.Works = false;
        await play.FailAsync(3, ErrorCodes.ProviderError);

        play.Client.Requests.Count.ShouldBe(8);
    });

    [Fact]
    public void Failures_further_apart_than_the_window_keep_it_closed() => Play(async play =>
    {
        for (var failure = 0; failure < 10; failure++)
        {
            await play.FailAsync(1, ErrorCodes.ProviderError);
            await play.AfterAsync(30);
        }

        play.Client.Requests.Count.ShouldBe(10);
    });

    /// <summary>Nobody queues for a model that is not asked.</summary>
    [Fact]
    public void Open_breaker_takes_no_permit() => Play(async play =>
    {
        await play.FailAsync(5, ErrorCodes.ProviderError);
        var taken = play.Permits.Taken;

        await play.AskAsync();

        play.Permits.Taken.ShouldBe(taken);
        play.Permits.Held.ShouldBe(0);
    });

    [Fact]
    public void State_is_a_metric() => Play(async play =>
    {
        List<int> states = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "exai_breaker_state")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<int>((_, value, tags, _) =>
        {
            if (tags.ToArray().Contains(new KeyValuePair<string, object?>("provider", "breaker-test")))
            {
                states.Add(value);
            }
        });
        listener.Start();

        await play.FailAsync(1, ErrorCodes.ProviderError);
        listener.RecordObservableInstruments();
        await play.FailAsync(4, ErrorCodes.ProviderError);
        listener.RecordObservableInstruments();

        states.ShouldBe([0, 1]);
    }, provider: "breaker-test");

    private static void Play(Func<Scene, Task> body, string provider = "glm") => Simulation.Run(async simulation =>
    {
        using var scene = new Scene(simulation, provider);
        await body(scene);
        scene.Permits.Held.ShouldBe(0);
    });

    private sealed class Scene : IDisposable
    {
        private readonly Simulation _simulation;
        private readonly string _provider;
        private readonly ModelGateway _gateway;
        private string _code = ErrorCodes.ProviderError;
        private FailureClass _class = FailureClass.RetryShort;

        public Scene(Simulation simulation, string provider)
        {
            _simulation = simulation;
            _provider = provider;
            Client = new ScriptedChatClient(simulation.Time, _ => Works
                ? [new ScriptStep.Say("fine"), new ScriptStep.Finish()]
                : [new ScriptStep.Fail(new ProviderException(new CallError { Code = _code, Message = "no", Stage = Stages.Headers }, _class))]);
            _gateway = TestGateway.Create(
                new ModelRouter([new ModelProvider(provider, Client, TestDaemon.Clocks, ["glm-4.6"], 8192)], ModelCatalogue.Load(), "auto"),
                simulation.Time, new ListLogger(),
                new GatewayOptions { Retry = new RetryOptions(0, TimeSpan.Zero, TimeSpan.Zero) },
                new BreakerOptions(5, TimeSpan.FromSeconds(60)),
                Permits);
        }

        public ScriptedChatClient Client { get; }

        public CountingPermits Permits { get; } = new();

        public bool Works { get; set; }

        public Task AfterAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), _simulation.Time);

        public async Task FailAsync(int times, string code, FailureClass failureClass = FailureClass.RetryShort)
        {
            (_code, _class) = (code, failureClass);
            for (var time = 0; time < times; time++)
            {
                (await AskAsync())!.Code.ShouldBe(code);
            }
        }

        /// <summary>The error, or null for an answer.</summary>
        public async Task<CallError?> AskAsync()
        {
            try
            {
                await _gateway.AskAsync(Hello with { Model = $"{_provider}/glm-4.6" }, TestGateway.Scope(), CancellationToken.None);
                return null;
            }
            catch (ProviderException failure)
            {
                return failure.Error;
            }
        }

        public void Dispose() => Client.Dispose();
    }
}
