using Exai.Core.Providers;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

/// <summary>What a failure says and what it never shows; its class stands in the table's tests.</summary>
public sealed class FailureTests
{
    private const string Page = "<!DOCTYPE html><html><body>504 secret page</body></html>";

    [Fact]
    public async Task Words_that_look_like_a_status_decide_nothing_trap_98()
    {
        var body = """{"error":{"type":"invalid_request_error","message":"max_tokens must be below 500, rate limit 429, unauthorized"}}""";
        (await FailAsync(Wire.Kimi, "kimi-k3", VerbatimHandler.Failing(400, body))).FailureClass.ShouldBe(FailureClass.Stop);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    public async Task Wrong_request_is_never_repeated_trap_99(int status)
    {
        FailureClass[] once = [FailureClass.Stop, FailureClass.FallBackWithNotice];
        var handler = VerbatimHandler.Failing(status, "{}");

        once.ShouldContain((await FailAsync(Wire.Generic, "some-model", handler)).FailureClass);
        once.ShouldContain((await FailAsync(Wire.Kimi, "kimi-k3", VerbatimHandler.Failing(status, "{}"))).FailureClass);
        once.ShouldContain((await FailAsync(handler => Wire.Glm(handler), "glm-4.6", VerbatimHandler.Failing(status, "{}"))).FailureClass);
        handler.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task Message_says_what_happened_with_which_values_and_what_to_do()
    {
        var failed = await FailAsync(Wire.Glm, "glm-4.6", VerbatimHandler.Failing(429, """{"error":{"code":"1113","message":"Insufficient balance"}}"""));

        failed.Message.ShouldBe(
            "glm says the account has no balance, or the key is not for this endpoint (model glm-4.6, HTTP 429, code 1113). "
            + "Top up, or correct GLM_API_URL: keys of the coding plan work at …/api/coding/paas/v4 only, all others at …/api/paas/v4 only. "
            + "The provider says: Insufficient balance");
    }

    [Fact]
    public async Task Kimi_key_failure_names_the_other_host()
    {
        var body = """{"error":{"message":"Incorrect API key provided","type":"incorrect_api_key_error"}}""";
        (await FailAsync(Wire.Kimi, "kimi-k3", VerbatimHandler.Failing(401, body))).Message
            .ShouldContain("keys of api.moonshot.ai and of api.moonshot.cn are not interchangeable");
    }

    [Fact]
    public async Task Overflow_tells_both_numbers()
    {
        var body = """{"error":{"code":400,"type":"exceed_context_size_error","message":"too big","n_prompt_tokens":9000,"n_ctx":4096}}""";
        (await FailAsync(Wire.Generic, "some-model", VerbatimHandler.Failing(400, body))).Message.ShouldContain("9000 tokens of 4096");
    }

    [Theory]
    [InlineData("key 0123456789abcdef.s3cr3ts3cr3tXYZ is unknown")]
    [InlineData("secret s3cr3ts3cr3tXYZ of 0123456789abcdef")]
    [InlineData("seen sk-abcd****wxyz")]
    public async Task Key_in_the_provider_s_message_is_cut_out_trap_200(string message)
    {
        var failed = await FailAsync(Wire.Glm, "glm-4.6", VerbatimHandler.Failing(401, $$"""{"error":{"code":"{{message}}","type":"{{message}}","message":"{{message}}"} }"""));

        failed.ToString().ShouldContain("[key]");
        foreach (var secret in new[] { "0123456789abcdef", "s3cr3t", "wxyz" })
        {
            failed.ToString().ShouldNotContain(secret);
            failed.VendorCode.ShouldNotBeNull().ShouldNotContain(secret);
        }
    }

    [Fact]
    public async Task Long_message_with_the_key_across_the_cut_shows_no_half_of_it_trap_200()
    {
        var message = new string('x', 290) + Wire.KimiKey + new string('y', 400);
        var failed = await FailAsync(Wire.Kimi, "kimi-k3", VerbatimHandler.Failing(500, $$"""{"error":{"message":"{{message}}"} }"""));

        failed.Message.ShouldNotContain("sk-");
        failed.Message.ShouldEndWith("…");
        failed.Message[(failed.Message.IndexOf("says: ", StringComparison.Ordinal) + 6)..].Length.ShouldBe(301);
    }

    [Fact]
    public async Task Control_characters_are_taken_out()
    {
        var failed = await FailAsync(Wire.Kimi, "kimi-k3", VerbatimHandler.Failing(500, """{"error":{"message":"a\u001b[31m\r\nb\u0000\u202ec"}}"""));
        failed.Message.ShouldEndWith("The provider says: a [31m b c");
    }

    [Theory]
    [InlineData("text/html")]
    [InlineData("application/json")]
    public async Task Web_page_is_judged_by_its_status_and_never_shown(string contentType)
    {
        var failed = await FailAsync(Wire.Kimi, "kimi-k3", VerbatimHandler.Failing(504, "\n" + Page, contentType));

        failed.FailureClass.ShouldBe(FailureClass.RetryOnce);
        failed.Message.ShouldNotContain("secret page");
    }

    [Fact]
    public async Task Web_page_in_a_message_is_not_shown() =>
        (await FailAsync(Wire.Kimi, "kimi-k3", VerbatimHandler.Failing(502, """{"error":{"message":" <html>secret page</html>"}}"""))).Message
            .ShouldNotContain("secret page");

    [Fact]
    public async Task Web_page_with_status_200_points_at_the_base_url()
    {
        var failed = await FailAsync(Wire.Glm, "glm-4.6", VerbatimHandler.Answering(Page));

        failed.FailureClass.ShouldBe(FailureClass.FallBackWithNotice);
        failed.Message.ShouldContain("base URL");
        failed.Message.ShouldNotContain("secret page");
    }

    [Fact]
    public async Task Error_body_that_breaks_off_leaves_the_status_to_judge()
    {
        var handler = new VerbatimHandler { Status = System.Net.HttpStatusCode.BadGateway, Reads = [Wire.Utf8("{\"err")], BodyFailure = new IOException("gone") };
        (await FailAsync(Wire.Kimi, "kimi-k3", handler)).HttpStatus.ShouldBe(502);
    }

    [Fact]
    public async Task Endless_error_body_is_read_no_further_than_needed()
    {
        var handler = new VerbatimHandler { Status = System.Net.HttpStatusCode.BadGateway, Reads = [Wire.Utf8(new string('x', 200_000))], Hangs = true };
        (await FailAsync(Wire.Kimi, "kimi-k3", handler)).HttpStatus.ShouldBe(502);
    }

    private static Task<ProviderException> FailAsync(Func<VerbatimHandler, Exai.Core.Providers.Glm.GlmWebSearchOptions?, IChatClient> client, string model, VerbatimHandler handler) =>
        FailAsync(h => client(h, null), model, handler);

    private static Task<ProviderException> FailAsync(Func<VerbatimHandler, string, IChatClient> client, string model, VerbatimHandler handler) =>
        FailAsync(h => client(h, "http://localhost:8080/v1"), model, handler);

    private static async Task<ProviderException> FailAsync(Func<VerbatimHandler, IChatClient> client, string model, VerbatimHandler handler)
    {
        var failed = (await Wire.RunAsync(client(handler), Wire.Options(model))).Failed;
        failed.Error.Message.ShouldBe(failed.Message);
        handler.Body?.IsDisposed.ShouldBeTrue();
        return failed;
    }
}
