using System.Text.Json;
using Exai.Core.Admission;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Tests.Admission;
using Exai.Core.Tests.Models;
using Exai.Core.Tools;
using Exai.Core.Tools.Server;
using Exai.Protocol;
using Exai.Settings;
using Exai.Testing;

namespace Exai.Core.Tests.Tools;

public sealed class ServerToolTests
{
    private static readonly ToolArguments NoArguments = new("listmodels", JsonElement.Parse("{}"));

    [Fact]
    public void Listmodels_tells_what_can_be_asked_provider_by_provider() => Simulation.Run(async simulation =>
    {
        var kimi = TestProviders.Listing("kimi", ["kimi-k2.6", "kimi-k3", "kimi-k4"], "kimi-k2-0905-preview", "kimi-k3") with
        {
            Dialect = "kimi",
            Origin = "KIMI_API_KEY",
            SpeedModel = "kimi-k2-turbo-preview",
        };
        var lab = TestProviders.Create("lab") with { Models = [new ModelDescription { Id = "lab-1", Window = 5000, PriceIn = 0, PriceOut = 0, Aliases = ["l1"] }] };

        var text = await ListAsync(simulation, kimi, lab);

        text.ReplaceLineEndings("\n").ShouldStartWith(
            """
            Ask for an id, an alias, or provider/id. Behind an id: window in tokens; abilities; USD per million tokens, in/out.

            kimi (KIMI_API_KEY): default kimi-k2-0905-preview; live list: 3
            ! The default kimi-k2-0905-preview is not in the live list; nearest: kimi-k2.6. Set KIMI_DEFAULT_MODEL.
            - kimi-k2-0905-preview: 262,144; web, tools; $0.6/$2.5; also kimi, kimi-k2; retired or about to be → kimi-k2.6; not in its live list
            - kimi-k3: 1,048,576; thinks, web, images, tools; $3/$15
            - kimi-k2.6: 262,144; thinks, web, images, tools; $0.95/$4
            - kimi-k4
            Retired or about to be: kimi-k2-turbo-preview, kimi-k2.5, kimi-k2-0711-preview,
            """.ReplaceLineEndings("\n"));
        text.ShouldContain("moonshot-v1-auto, kimi-latest, kimi-thinking-preview → kimi-k2.6");
        text.ShouldContain("Known, but not in its live list: kimi-k3.1-pro, kimi-k2.7-code, kimi-k2.7-code-highspeed");
        text.ReplaceLineEndings("\n").ShouldEndWith("lab: no default model: name one; asked only when named\n- lab-1: 5,000; free; also l1; described by your file");
    });

    [Fact]
    public void Listmodels_without_a_live_list_says_why_and_lists_what_is_known() => Simulation.Run(async simulation =>
    {
        var glm = TestProviders.Listing(
            "glm", _ => throw new ProviderException(new CallError { Code = ErrorCodes.ProviderAuth, Message = "glm rejected the API key." }, FailureClass.Stop), "glm-4.6");

        var text = await ListAsync(simulation, glm);

        text.ShouldContain("glm: default glm-4.6; no live list: glm rejected the API key.");
        text.ShouldContain("- glm-5.3: 1,048,576; always thinks, web, tools; $1.4/$4.4");
        text.ShouldNotContain("!");
    });

    [Fact]
    public void Listmodels_shows_no_more_of_a_long_list_than_one_can_read() => Simulation.Run(async simulation =>
    {
        var router = TestProviders.Listing("openrouter", [.. Enumerable.Range(1, 400).Select(i => $"vendor/model-{i}")]) with { Automatic = false };

        var text = await ListAsync(simulation, router);

        text.ShouldContain("- vendor/model-40");
        text.ShouldNotContain("vendor/model-41");
        text.ShouldEndWith("- and 360 more, each to be asked for as openrouter/id");
    });

    [Fact]
    public void Listmodels_with_nothing_configured_says_what_to_do() => Simulation.Run(async simulation =>
    {
        var directory = new ModelDirectory([], ModelCatalogue.Load()) { Unusable = new Dictionary<string, string> { ["glm"] = "no key", ["work"] = "work needs WORK_KEY." } };

        var text = await new ListModelsTool(directory).AnswerAsync(NoArguments, CancellationToken.None);

        text.ShouldStartWith("No provider is configured. Set GLM_API_KEY");
        text.ShouldEndWith("work needs WORK_KEY.");
    });

    /// <summary>Trap 215.</summary>
    [Fact]
    public void Status_asks_no_provider_for_anything() => Simulation.Run(async simulation =>
    {
        var never = TestProviders.Listing("openai", _ => throw new InvalidOperationException("status asked"));
        var directory = new ModelDirectory([never, TestProviders.Glm], ModelCatalogue.Load()) { Lists = new LiveModelLists(simulation.Time) };
        await using var world = new Calls.CallWorld(simulation);

        var daemon = world.Start();

        var text = await new StatusTool(directory, () => daemon.Calls, daemon.Permits.Snapshot, simulation.Time.GetUtcNow(), simulation.Time).AnswerAsync(NoArguments, CancellationToken.None);

        text.ShouldContain("Provider openai is configured; name one of its models.");
        text.ShouldContain("Provider glm is configured; its default model is glm-4.6.");
        text.ShouldEndWith("Permits: 0 of 1000 held, 0 attempts wait.");
        directory.Lists.Known(never).ShouldBeNull();
    });

    [Fact]
    public void Status_shows_permits_queue_and_what_was_learned()
    {
        using var world = new AdmissionWorld(new AdmissionOptions { GlobalLimit = 5, SessionLimit = 5, DefaultProviderLimit = 3, QueueMax = 1 });
        var running = Enumerable.Range(0, 3).Select(_ => world.Ask("a")).ToList();
        world.Ask("a");
        running[0].End(ProviderSignal.Refused, TimeSpan.FromSeconds(10));
        running[1].Alive.Dispose();
        world.Permits.TakeBackLost();
        world.Permits.Reserve("c1", "a");
        world.Permits.Reserve("c2", "a");
        world.Permits.Reserve("c3", "a");
        world.Permits.Reserve("c4", "a");
        Should.Throw<CallException>(() => world.Permits.Reserve("c5", "a"));

        AdmissionText.Of(world.Permits.Snapshot(), world.Time.GetUtcNow()).ReplaceLineEndings("\n").ShouldBe(
            """
            Permits: 1 of 5 held, 1 attempts wait.
            Permits of glm: 1 of 3 held, 1 attempts wait; learned: 2 at once for glm-model; paused for another 10 s, as the provider asked.
            1 calls were refused because their session's share of the queue was full (EXAI_QUEUE_MAX).
            1 permits had lost their attempt and were taken back: a defect, which the daemon's log names.

            """.ReplaceLineEndings("\n"));
    }

    private static Task<string> ListAsync(Simulation simulation, params ModelProvider[] providers) =>
        new ListModelsTool(new ModelDirectory(providers, ModelCatalogue.Load()) { Lists = new LiveModelLists(simulation.Time) }).AnswerAsync(NoArguments, CancellationToken.None);
}
