using System.Text.Json.Nodes;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.EndToEnd.Tests.Harness;
using Exai.Protocol;
using Exai.Witness.Tests.Harness;
using Microsoft.Extensions.AI;

namespace Exai.Witness.Tests;

/// <summary>A mock provider that other people wrote answers our provider client: the wire as somebody else understands it.</summary>
public sealed class AimockTests(Aimock aimock) : IClassFixture<Aimock>, IAsyncLifetime
{
    private const string Hello = "Hello from a mock that knows nothing of EXAI: déjà vu, 你好.";

    private static readonly ModelCatalogue Catalogue = ModelCatalogue.Load();

    public async ValueTask InitializeAsync() => await aimock.StartAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Stream_arrives_in_pieces_with_finish_usage_and_model()
    {
        using var client = Client();
        var updates = await UpdatesAsync(client, "Say hello");

        string.Concat(updates.Select(update => update.Text)).ShouldBe(Hello);
        updates.Count(update => update.Text.Length > 0).ShouldBeGreaterThan(1);
        updates[^1].FinishReason.ShouldBe(ChatFinishReason.Stop);
        updates[0].ModelId.ShouldBe("gpt-4o");
        Usage(updates).TotalTokenCount.ShouldBe(Usage(updates).InputTokenCount + Usage(updates).OutputTokenCount);

        var asked = (await aimock.JournalAsync())[^1];
        ((string?)asked["path"], (int?)asked["response"]!["status"]).ShouldBe(("/v1/chat/completions", 200));
        ((bool?)asked["body"]!["stream"], (bool?)asked["body"]!["stream_options"]!["include_usage"]).ShouldBe((true, true));
    }

    [Fact]
    public async Task Usage_is_the_provider_s_own_count()
    {
        using var client = Client();
        var usage = Usage(await UpdatesAsync(client, "Counted"));

        (usage.InputTokenCount, usage.OutputTokenCount, usage.TotalTokenCount).ShouldBe((1234, 567, 1801));
    }

    [Fact]
    public async Task Reasoning_is_kept_apart_from_the_answer()
    {
        using var client = Client();
        var contents = (await UpdatesAsync(client, "Think first")).SelectMany(update => update.Contents).ToList();

        string.Concat(contents.OfType<TextReasoningContent>().Select(content => content.Text)).ShouldBe("Six times seven, carefully.");
        string.Concat(contents.OfType<TextContent>().Select(content => content.Text)).ShouldBe("The answer is 42.");
    }

    [Fact]
    public async Task Rate_limit_carries_the_server_s_waiting_time()
    {
        var failed = await FailureAsync("Slow down");

        (failed.Error.Code, failed.HttpStatus, failed.FailureClass).ShouldBe((ErrorCodes.RateLimited, 429, FailureClass.RetryShort));
        (failed.RetryAfter, failed.Error.RetryAfterSecs).ShouldBe((TimeSpan.FromSeconds(7), 7));
        failed.VendorCode.ShouldBe("rate_limit_exceeded");
        failed.Message.ShouldContain("Too many requests for now.");
    }

    [Fact]
    public async Task Rate_limit_by_chaos_is_told_the_same_way()
    {
        var failed = await FailureAsync("Say hello", "x-aimock-chaos-ratelimit");

        (failed.Error.Code, failed.HttpStatus, failed.RetryAfter).ShouldBe((ErrorCodes.RateLimited, 429, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task Server_trouble_may_be_tried_again()
    {
        var failed = await FailureAsync("Say hello", "x-aimock-chaos-drop");

        (failed.Error.Code, failed.HttpStatus, failed.FailureClass).ShouldBe((ErrorCodes.ProviderError, 500, FailureClass.RetryShort));
        failed.Message.ShouldContain("Chaos: request dropped");
    }

    [Fact]
    public async Task Body_that_is_no_JSON_is_a_failure_not_an_empty_answer() =>
        (await FailureAsync("Say hello", "x-aimock-chaos-malformed")).Error.Code.ShouldBe(ErrorCodes.ProviderError);

    [Fact]
    public async Task Connection_that_the_server_destroys_is_a_failure_that_may_be_tried_again()
    {
        var failed = await FailureAsync("Say hello", "x-aimock-chaos-disconnect");

        (failed.Error.Code, failed.HttpStatus, failed.FailureClass).ShouldBe((ErrorCodes.ProviderError, null, FailureClass.RetryShort));
    }

    [Fact]
    public async Task Question_that_nobody_answers_is_a_wrong_request()
    {
        var failed = await FailureAsync("Nothing matches this");

        (failed.HttpStatus, failed.VendorCode).ShouldBe((404, "no_fixture_match"));
        failed.FailureClass.ShouldNotBe(FailureClass.RetryShort);
    }

    /// <summary>The real path: shim, link, daemon, gateway, provider client, and a provider of other people's making.</summary>
    [Theory]
    [InlineData("glm-4.6", "GLM", true)]
    [InlineData("kimi-k2.6", "KIMI", false)]
    public async Task Ask_is_answered_end_to_end(string model, string provider, bool estimated)
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(
            null, ("GLM_API_KEY", null), ($"{provider}_API_KEY", "key-of-the-witness"), ($"{provider}_API_URL", aimock.BaseUrl.ToString()));

        var result = await machine.RunAsync(["ask", "Say hello", "--model", model, "--json"]);

        result.ExitCode.ShouldBe(0, result.ToString());
        var json = JsonNode.Parse(result.Output)!;
        ((string?)json["text"]).ShouldStartWith(Hello);
        ((string?)json["receipt"]!["model"]).ShouldBe(model);
        // GLM counts without being asked, which this server does not know: then the receipt says that it estimates.
        ((bool?)json["receipt"]!["tokens"]!["estimated"] ?? false).ShouldBe(estimated);
        ((int)json["receipt"]!["tokens"]!["output"]!).ShouldBeGreaterThan(0);
        machine.Simulator.Log.Requests.ShouldBeEmpty();
        ((string?)(await aimock.JournalAsync())[^1]["body"]!["model"]).ShouldBe(model);
    }

    [Fact]
    public async Task Rate_limit_reaches_the_caller_end_to_end_with_the_waiting_time()
    {
        await using var machine = await ExaiHomeFixture.CreateAsync(
            null, ("GLM_API_URL", aimock.BaseUrl.ToString()), ("RETRY_ATTEMPTS", "0"), ("EXAI_FALLBACK", "never"));

        var result = await machine.RunAsync(["ask", "Slow down", "--model", "glm-4.6", "--json"]);

        result.ExitCode.ShouldBe(1, result.ToString());
        var error = JsonNode.Parse(result.Output)!["error"]!;
        ((string?)error["code"], (double?)error["retryAfterSecs"]).ShouldBe((ErrorCodes.RateLimited, 7));
    }

    private IChatClient Client(params (string Name, string Value)[] headers) => ProviderClients.Generic(
        new ProviderEndpoint
        {
            Name = "aimock",
            BaseUrl = aimock.BaseUrl,
            ApiKey = "key-of-the-witness",
            Headers = headers.ToDictionary(header => header.Name, header => header.Value),
        },
        Catalogue,
        TimeProvider.System);

    private static async Task<List<ChatResponseUpdate>> UpdatesAsync(IChatClient client, string prompt)
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in client.GetStreamingResponseAsync(prompt, new ChatOptions { ModelId = "gpt-4o" }, Patience.Token()))
            updates.Add(update);
        return updates;
    }

    private async Task<ProviderException> FailureAsync(string prompt, string? chaos = null)
    {
        using var client = chaos is null ? Client() : Client((chaos, "1"));
        return await Should.ThrowAsync<ProviderException>(() => UpdatesAsync(client, prompt));
    }

    private static UsageDetails Usage(List<ChatResponseUpdate> updates) =>
        updates.SelectMany(update => update.Contents).OfType<UsageContent>().ShouldHaveSingleItem().Details;
}
