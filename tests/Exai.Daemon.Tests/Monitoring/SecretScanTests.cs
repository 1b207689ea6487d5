using System.Net;

namespace Exai.Daemon.Tests.Monitoring;

/// <summary>Traps 199, 200: planted keys and tokens come out nowhere.</summary>
public sealed class SecretScanTests
{
    private const string GlmKey = "fedcba9876543210fedcba9876543210.PlantedGlmSecret";
    private const string OtherKey = "sk-planted-0123456789abcdefghij";

    [Theory]
    [InlineData("/health")]
    [InlineData("/metrics")]
    [InlineData("/api/v1/overview")]
    [InlineData("/api/v1/calls")]
    [InlineData("/api/v1/calls/{id}")]
    [InlineData("/api/v1/sessions")]
    [InlineData("/api/v1/providers")]
    [InlineData("/api/v1/queues")]
    [InlineData("/api/v1/settings")]
    public async Task Nothing_that_is_served_or_logged_holds_one(string path)
    {
        await using var daemon = await DaemonFixture.StartAsync(("GLM_API_KEY", GlmKey), ("OPENAI_API_KEY", OtherKey));
        daemon.Provider.Open = true;
        await using var client = await daemon.OpenAsync();
        var callId = LinkClient.ChatCallId();
        await client.RequestAsync("tools/call", LinkClient.Chat($"my keys are {GlmKey} and {OtherKey}, the token is {DaemonFixture.Token}, a stranger's is ghp_0123456789abcdefABCDEF", callId));

        using var response = await daemon.AskAsync(path.Replace("{id}", callId));
        var served = await response.Content.ReadAsStringAsync(Patience.Token());

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        string[] planted = [GlmKey, "PlantedGlmSecret", OtherKey, DaemonFixture.Token, "ghp_0123456789abcdefABCDEF"];
        planted.Where(served.Contains).ShouldBeEmpty();
        planted.Where(secret => daemon.Log.Entries.Any(entry => entry.Text.Contains(secret))).ShouldBeEmpty();
        planted.Where(secret => File.ReadAllText(daemon.Home.HealthFile).Contains(secret)).ShouldBeEmpty();
    }
}
