using System.Text.Json.Nodes;
using Exai.EndToEnd.Tests.Harness;

namespace Exai.EndToEnd.Tests;

/// <summary>A machine whose daemon runs and whose client asks for what cannot be.</summary>
public sealed class RunningMachine : IAsyncLifetime
{
    private ExaiHomeFixture? _machine;

    internal ExaiHomeFixture Machine => _machine!;

    internal ShimProcess Shim { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _machine = await ExaiHomeFixture.CreateAsync();
        Shim = await _machine.StartClientAsync();
    }

    public ValueTask DisposeAsync() => Machine.DisposeAsync();
}

/// <summary>What a model gets wrong is a tool error that says what to do; nothing of it reaches a provider.</summary>
public sealed class BadArgumentTests(RunningMachine running) : IClassFixture<RunningMachine>
{
    [Theory]
    [InlineData("chta", "{}", "TOOL_NOT_FOUND", "chta", "Did you mean chat?")]
    [InlineData("chat", "{}", "INVALID_ARGUMENT", "'prompt' is missing")]
    [InlineData("chat", """{"prompt":null}""", "INVALID_ARGUMENT", "'prompt' is missing")]
    [InlineData("chat", """{"prompt":"  \n "}""", "INVALID_ARGUMENT", "'prompt' is empty")]
    [InlineData("chat", """{"prompt":42}""", "INVALID_ARGUMENT", "'prompt' was 42", "a text")]
    [InlineData("chat", """{"prompt":["a","b"]}""", "INVALID_ARGUMENT", "'prompt' was [\"a\",\"b\"]")]
    [InlineData("chat", """{"prompt":"x","use_websearch":"yes"}""", "INVALID_ARGUMENT", "'use_websearch' was \"yes\"", "true or false")]
    [InlineData("chat", """{"prompt":"x","temperature":"warm"}""", "INVALID_ARGUMENT", "'temperature' was \"warm\"", "from 0 to 2")]
    [InlineData("chat", """{"prompt":"x","temperature":9}""", "INVALID_ARGUMENT", "'temperature' was 9", "from 0 to 2")]
    [InlineData("chat", """{"prompt":"x","thinking_mode":"hard"}""", "INVALID_ARGUMENT", "'thinking_mode' was 'hard'", "minimal, low, medium, high, max")]
    [InlineData("chat", """{"prompt":"x","model":7}""", "INVALID_ARGUMENT", "'model' was 7")]
    [InlineData("chat", """{"promt":"x"}""", "INVALID_ARGUMENT", "no argument 'promt'", "did you mean 'prompt'?")]
    [InlineData("chat", """{"prompt":"x","continuation_id":"no-such-thread"}""", "THREAD_NOT_FOUND", "no-such-thread", "Leave continuation_id out")]
    [InlineData("chat", """{"prompt":"x","model":"glm-4.66"}""", "MODEL_NOT_FOUND", "glm-4.66", "Near names: glm-4.6")]
    [InlineData("chat", """{"prompt":"x","model":"kimi-k2-turbo-preview"}""", "NO_PROVIDER", "kimi-k2-turbo-preview", "KIMI_API_KEY")]
    public async Task A_call_that_cannot_be_is_refused_with_its_reason_and_asks_no_model(string tool, string arguments, string code, params string[] says)
    {
        var asked = running.Machine.Simulator.Log.Chats.Count;

        var reply = await running.Shim.CallAsync(tool, JsonNode.Parse(arguments)!.AsObject());

        reply.IsError.ShouldBeTrue();
        reply.Text.ShouldStartWith(code + ": ");
        reply.Code.ShouldBe(code);
        says.ShouldAllBe(words => reply.Text.Contains(words, StringComparison.Ordinal), reply.Text);
        ((string?)reply.Error["callId"]).ShouldNotBeNullOrEmpty();
        running.Machine.Simulator.Log.Chats.Count.ShouldBe(asked);
    }

    [Fact]
    public async Task Arguments_that_are_no_object_are_refused_and_the_next_call_works()
    {
        var line = await running.Shim.RequestAsync("tools/call", new JsonObject { ["name"] = "chat", ["arguments"] = "prompt" });

        (line.Message.ContainsKey("error") || new ToolReply(line).IsError).ShouldBeTrue(line.Text);
        (await running.Shim.ChatAsync("And now in order?")).IsError.ShouldBeFalse();
    }

    [Fact]
    public async Task A_call_without_a_tool_is_refused_and_the_next_call_works()
    {
        var line = await running.Shim.RequestAsync("tools/call", new JsonObject { ["arguments"] = new JsonObject() });

        (line.Message.ContainsKey("error") || new ToolReply(line).IsError).ShouldBeTrue(line.Text);
        (await running.Shim.CallAsync("version")).IsError.ShouldBeFalse();
    }

    [Theory]
    [InlineData("Host", "evil.example", 403)]
    [InlineData("Origin", "https://evil.example", 403)]
    [InlineData("Origin", "null", 403)]
    [InlineData("Authorization", "Bearer not-the-token-of-this-home", 401)]
    [InlineData(null, null, 401)]
    public async Task A_stranger_is_turned_away_at_the_link(string? header, string? value, int status)
    {
        (await running.Shim.CallAsync("version")).IsError.ShouldBeFalse();
        var port = running.Machine.Daemon.Health!.Port;
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}/ws");
        // Host and Origin are looked at before the token, so a page that has stolen one is turned away too.
        if (status == 403)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {(await File.ReadAllTextAsync(running.Machine.Home.TokenFile)).Trim()}");
        }

        if (header is not null)
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        using var response = await client.SendAsync(request, Patience.Token());

        ((int)response.StatusCode).ShouldBe(status);
        response.Headers.ShouldNotContain(sent => sent.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
        (await response.Content.ReadAsStringAsync()).ShouldBeEmpty();
    }
}
